//! Where the master keys come from. What they open is not this module's affair.

mod command;
mod file;
mod keys;

use std::env::{self, VarError};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

pub(crate) use keys::{MasterKeys, data_key_id};

use crate::{Secret, SecretError};

/// Bytes of the longest text with keys: some 350 of them.
const LONGEST_TEXT: usize = 16 * 1024;
/// How long a command may take to print the keys.
const COMMAND_TIME: Duration = Duration::from_secs(30);

/// Where the master keys come from.
///
/// Everywhere the text is one or more keys of 32 bytes in base64, with white space or commas between them. The first
/// wraps, all open.
#[derive(Clone)]
#[non_exhaustive]
pub enum MasterKeySource {
    /// A file only its owner may read, made with mode 0600 at the first start. The host rotates it by itself.
    File(PathBuf),
    /// The environment variable of this name.
    Environment(String),
    /// What a program prints within 30 s; its stderr goes to the host's. There is no shell, unless you name one.
    Command {
        /// The program, by path or by name.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// The text itself, for an embedder that has it from elsewhere.
    Text(Secret),
}

impl MasterKeySource {
    /// A key that ends with the process, for a host that stores nothing.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn random() -> Result<Self, SecretError> {
        Ok(Self::Text(Secret::new(MasterKeys::random("")?.text().as_str())))
    }

    /// The keys it has now; `None` where they are to be in a file that is not there. May block.
    pub(crate) fn read(&self) -> Result<Option<MasterKeys>, SecretError> {
        let place = self.to_string();
        let text = match self {
            Self::File(path) => match file::read(path)? {
                Some(text) => text,
                None => return Ok(None),
            },
            Self::Environment(name) => variable(env::var(name)).map_err(|why| SecretError::unusable(&place, why))?,
            Self::Command { program, arguments } => command::output(program, arguments, COMMAND_TIME)
                .map_err(|reason| SecretError::unusable(&place, reason))?,
            Self::Text(text) => Zeroizing::new(text.expose().to_owned()),
        };
        MasterKeys::parse(&place, &text).map(Some)
    }

    /// Makes a file with a new key; if another process was quicker, its key it is. Only for what [`read`](Self::read)
    /// found to be missing. May block.
    pub(crate) fn create(&self) -> Result<MasterKeys, SecretError> {
        let new = MasterKeys::random(&self.to_string())?;
        if let Self::File(path) = self
            && !file::create(path, &new.text())?
        {
            let gone = || SecretError::unusable(self, "it comes and goes; does another host use it?");
            return self.read()?.ok_or_else(gone);
        }
        Ok(new)
    }

    /// Puts these keys into the file, if it is one. May block.
    pub(crate) fn write(&self, keys: &MasterKeys) -> Result<(), SecretError> {
        match self {
            Self::File(path) => file::replace(path, &keys.text()),
            Self::Environment(_) | Self::Command { .. } | Self::Text(_) => Ok(()),
        }
    }

    /// Whether the host itself may change the keys.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

fn variable(value: Result<String, VarError>) -> Result<Zeroizing<String>, &'static str> {
    let value = value.map(Zeroizing::new).map_err(|error| match error {
        VarError::NotPresent => "it is not set",
        VarError::NotUnicode(_) => "it is no text",
    })?;
    if value.len() > LONGEST_TEXT { Err("it is longer than 16 KiB") } else { Ok(value) }
}

/// Names it in messages.
impl fmt::Display for MasterKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(&file::place(path)),
            Self::Environment(name) => write!(f, "the environment variable {name}"),
            Self::Command { program, .. } => write!(f, "the master key command `{program}`"),
            Self::Text(_) => f.write_str("the given text with master keys"),
        }
    }
}

/// Arguments of commands are hidden: people put passwords there.
impl fmt::Debug for MasterKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeySource({self})")
    }
}

#[cfg(test)]
mod tests;
