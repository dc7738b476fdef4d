//! The operator: whoever can read the data folder on the machine of the server, which is its admin without a password.

use crate::{IdentityError, SecretText, random};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;

/// The file in the data folder that holds the operator's token while a server runs.
pub const OPERATOR_FILE: &str = "operator.token";

const PREFIX: &str = "wlop_";
const SECRET_CHARS: usize = 43;
/// More than a token has; what is longer is none.
const MAX_FILE_BYTES: u64 = 256;

/// A token made at each start of a server. `Debug` does not show it.
///
/// ```
/// use wellhead_identity::OperatorToken;
///
/// let folder = tempfile::tempdir()?;
/// let token = OperatorToken::generate()?;
/// token.write(folder.path())?;
/// assert!(token.is(OperatorToken::read(folder.path())?.text().expose()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct OperatorToken(SecretText);

impl OperatorToken {
    /// A new one: 256 random bits.
    ///
    /// # Errors
    /// [`IdentityError::NoRandomness`].
    pub fn generate() -> Result<Self, IdentityError> {
        let secret = random::alphanumeric(SECRET_CHARS)?;
        Ok(Self(SecretText::from(format!("{PREFIX}{}", secret.expose()))))
    }

    /// Its text, to be sent as a bearer token.
    pub fn text(&self) -> &SecretText {
        &self.0
    }

    /// Whether `text` is this token, compared in constant time.
    pub fn is(&self, text: &str) -> bool {
        self.0.expose().as_bytes().ct_eq(text.as_bytes()).into()
    }

    /// Writes it into `folder`, readable by its owner only, in place of that of an earlier server. Says where.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&self, folder: &Path) -> io::Result<PathBuf> {
        let path = folder.join(OPERATOR_FILE);
        let unfinished = folder.join(format!("{OPERATOR_FILE}.{}", std::process::id()));
        let _ = std::fs::remove_file(&unfinished);
        let mut options = std::fs::OpenOptions::new();
        // Made anew, so that nobody has it open or has chosen its mode.
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&unfinished).and_then(|mut file| file.write_all(self.0.expose().as_bytes()));
        let written = written.and_then(|()| std::fs::rename(&unfinished, &path));
        if written.is_err() {
            let _ = std::fs::remove_file(&unfinished);
        }
        written.map(|()| path)
    }

    /// Reads the one in `folder`.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::InvalidData`] where the file holds no such token.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut text = zeroize::Zeroizing::new(String::new());
        let file = std::fs::File::open(folder.join(OPERATOR_FILE))?;
        io::Read::read_to_string(&mut io::Read::take(file, MAX_FILE_BYTES), &mut text)?;
        let text = text.trim_end();
        if !text.starts_with(PREFIX) || text.len() != PREFIX.len() + SECRET_CHARS {
            let reason = format!("{OPERATOR_FILE} holds no token: start the server again to have it written");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_and_no_other_nor_a_part_of_itself() {
        let token = OperatorToken::generate().unwrap();
        let text = token.text().expose().to_owned();
        assert!(token.is(&text));
        assert!(!token.is(&text[..text.len() - 1]) && !token.is(&format!("{text}a")) && !token.is(""));
        assert!(!token.is(OperatorToken::generate().unwrap().text().expose()));
    }

    #[cfg(unix)]
    #[test]
    fn its_file_is_for_its_owner_only_even_where_an_earlier_one_was_not() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let earlier = folder.path().join(OPERATOR_FILE);
        std::fs::write(&earlier, "x").unwrap();
        std::fs::set_permissions(&earlier, std::fs::Permissions::from_mode(0o666)).unwrap();
        let path = OperatorToken::generate().unwrap().write(folder.path()).unwrap();
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_holds_something_else_is_no_token() {
        let folder = tempfile::tempdir().unwrap();
        for bad in [String::new(), "wlop_short".into(), "x".repeat(48), format!("wlop_{}", "x".repeat(1_000))] {
            std::fs::write(folder.path().join(OPERATOR_FILE), &bad).unwrap();
            assert_eq!(OperatorToken::read(folder.path()).unwrap_err().kind(), io::ErrorKind::InvalidData, "{bad}");
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(format!("{:?}", OperatorToken::generate().unwrap()), "OperatorToken(SecretText)");
    }
}
