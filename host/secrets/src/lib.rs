//! Secret values of a Wellhead host: hidden in memory, encrypted at rest, blanked in whatever the host says.
//!
//! A [`Secret`] and a map of them, [`SecretValues`], do not show themselves and do not outlive their use. A
//! [`SecretService`] seals values before they reach a store and opens them at their own place only; [`EnvelopeSecrets`]
//! is the one that comes with the house. A [`Redactor`] blanks the values of all open data sources in logs, errors and
//! messages. The crate knows no store and no plugin, and it keeps no global state.

mod data_keys;
mod envelope;
mod error;
mod key;
mod master;
mod org_key;
mod redact;
mod sealed;
mod secret;
mod service;
mod values;

pub use data_keys::{DataKeyStore, DataKeys, MemoryDataKeys, Rewrap, WrappedKey};
pub use envelope::EnvelopeSecrets;
pub use error::SecretError;
pub use key::{KeyId, NotAKeyId};
pub use master::MasterKeySource;
pub use redact::{RedactingWriter, Redactor, SecretOwner};
pub use sealed::Sealed;
pub use secret::Secret;
pub use service::{OrgKey, Rotation, SecretPlace, SecretService};
pub use values::SecretValues;
