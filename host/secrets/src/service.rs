//! What a store asks of whoever keeps its secrets. How they are kept is the implementation's affair.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::{KeyId, Sealed, Secret, SecretError};

/// Seals and opens secret values, org by org.
pub trait SecretService: Send + Sync + 'static {
    /// The key of an org, made at its first use. What it opened stays good through rotations.
    ///
    /// Ask anew rather than keep it for long: after the store was restored from a backup, the org may have another.
    fn org_key(&self, org_id: i64) -> BoxFuture<'_, Result<Arc<dyn OrgKey>, SecretError>>;

    /// Changes the master key while others go on sealing and opening.
    fn rotate(&self) -> BoxFuture<'_, Result<Rotation, SecretError>>;
}

/// The key of one org. Its calls neither wait nor block, so they may stand inside a write transaction.
pub trait OrgKey: fmt::Debug + Send + Sync {
    /// Encrypts a value so that it opens at this place only.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    fn seal(&self, place: &SecretPlace<'_>, value: &str) -> Result<Sealed, SecretError>;

    /// Decrypts a value.
    ///
    /// # Errors
    /// [`SecretError::DoesNotOpen`] where it was sealed for another place, by another key, or was changed since.
    fn open(&self, place: &SecretPlace<'_>, sealed: &Sealed) -> Result<Secret, SecretError>;
}

/// Where in its org a value belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretPlace<'a> {
    /// The uid of the data source.
    pub data_source_uid: &'a str,
    /// The key name in `secureJsonData`.
    pub key: &'a str,
}

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// All data keys are wrapped by another master key.
    Rotated {
        /// The one before.
        from: Option<KeyId>,
        /// The one now.
        to: KeyId,
        /// How many data keys there are.
        data_keys: usize,
    },
    /// The first key of the source is the one in use already.
    NothingToDo {
        /// Its id.
        current: KeyId,
    },
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rotated { to, data_keys: 1, .. } => write!(f, "1 data key is wrapped by master key {to} now"),
            Self::Rotated { to, data_keys, .. } => {
                write!(f, "{data_keys} data keys are wrapped by master key {to} now")
            }
            Self::NothingToDo { current } => write!(
                f,
                "nothing to do: master key {current} is the first one given and in use already; to change it, give a \
                 new one before it"
            ),
        }
    }
}
