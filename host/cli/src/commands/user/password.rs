//! The password of a user: from wherever the caller keeps it, or made here and shown once.

use crate::output::Form;
use crate::secret;
use anyhow::Result;
use serde_json::Value;
use std::io::{self, Write};
use wellhead_identity::SecretText;

/// Where a password comes from.
#[derive(Debug, clap::Args)]
pub(super) struct PasswordArgs {
    /// The password: env:VARIABLE, file:PATH, or - for standard input; never the password itself, which others on this
    /// machine could read [default: one is made and printed, once]
    #[arg(long, value_name = "FROM")]
    password: Option<String>,
}

/// A password that is to be set.
pub(super) struct Password {
    text: SecretText,
    is_made: bool,
}

impl PasswordArgs {
    pub(super) fn read(&self) -> Result<Password> {
        Ok(match &self.password {
            Some(from) => Password { text: secret::read("--password", from)?.into(), is_made: false },
            None => Password { text: SecretText::generate_password()?, is_made: true },
        })
    }
}

impl Password {
    /// For the body of a request.
    pub(super) fn expose(&self) -> &str {
        self.text.expose()
    }

    /// Says what was done. A password that was made is standard output's only line, or a field of the answer.
    pub(super) fn print(&self, form: Form, mut answer: Value, done: &str) -> Result<()> {
        match (form, self.is_made) {
            (Form::Table, true) => {
                writeln!(io::stdout(), "{}", self.text.expose())?;
                eprintln!("{done}; the password is not shown again");
                Ok(())
            }
            (form, is_made) => {
                if let Some(fields) = answer.as_object_mut().filter(|_| is_made) {
                    fields.insert("password".into(), self.text.expose().into());
                }
                form.print(&answer, |_| Ok(done.to_owned()))
            }
        }
    }
}
