//! Secret values of a Wellhead host: hidden in memory, encrypted at rest, blanked in whatever the host says.
//!
//! A [`Secret`] and a map of them, [`SecretValues`], do not show themselves and do not outlive their use. A
//! [`Redactor`] blanks the values of all open data sources in logs, errors and messages. The crate knows no store and
//! no plugin, and it keeps no global state.

mod redact;
mod secret;
mod values;

pub use redact::{RedactingWriter, Redactor, SecretOwner};
pub use secret::Secret;
pub use values::SecretValues;
