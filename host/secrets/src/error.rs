//! What can go wrong with secrets at rest. No message shows a value or a key; a key is named by its id.

use std::fmt;
use std::io;

use thiserror::Error;

use crate::KeyId;

/// Why a secret cannot be sealed or opened, or a master key cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The file of the master key is gone, and there are secrets that need it. Nothing was made in its place.
    #[error(
        "{place} is missing, but secrets are stored that only master key {needed} opens: put the file back from your \
         backup; no new key was made"
    )]
    MasterKeyMissing {
        /// The source of the master key.
        place: String,
        /// The id of the key that is needed.
        needed: KeyId,
    },
    /// The source has keys, but not the one that stored secrets need. Nothing was changed.
    #[error(
        "{place} has master key {}, but the stored secrets need {needed}: it is the wrong key, or an old one; give \
         the right one (it may stand after another); nothing was changed", .found.iter().map(KeyId::to_string).collect::<Vec<_>>().join(" and ")
    )]
    MasterKeyWrong {
        /// The source of the master key.
        place: String,
        /// The ids of the keys it has.
        found: Vec<KeyId>,
        /// The id of the key that is needed.
        needed: KeyId,
    },
    /// The source of the master key cannot be read, or what it has is no key.
    #[error("{place} is of no use: {reason}")]
    MasterKeyUnusable {
        /// The source of the master key.
        place: String,
        /// What is wrong with it and how to put it right.
        reason: String,
    },
    /// The file of the master key cannot be written; the one that was there is unharmed.
    #[error(
        "cannot write {place}: {error}; what was there before is unchanged: see to space and permissions, then try again"
    )]
    MasterKeyNotWritten {
        /// The file.
        place: String,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// The file of the master key is written and has its name, but maybe not for good.
    #[error(
        "{place} is written, but its folder cannot be written to disk ({error}): after a power failure what was there \
         before may be there again; mend the disk and run `sync`, then try again"
    )]
    MasterKeyNotSynced {
        /// The file.
        place: String,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// A data key was to be added under a master key that is no longer the recorded one: a rotation came between.
    #[error("data keys are wrapped by master key {recorded} now and no longer by {used}: try again")]
    MasterKeyRotated {
        /// The id on record.
        recorded: KeyId,
        /// The id of the key that was used.
        used: KeyId,
    },
    /// The right master key does not open a data key: the stored bytes are damaged or of another org.
    #[error(
        "the data key {key_id} of org {org_id} does not open though master key {master_key_id} is there: the store is \
         damaged; restore it from a backup"
    )]
    DataKeyDamaged {
        /// The org of the data key.
        org_id: i64,
        /// The data key's id.
        key_id: KeyId,
        /// The id of the key that wraps it.
        master_key_id: KeyId,
    },
    /// A stored secret does not open at its place.
    #[error(
        "the secret `{key}` of data source `{data_source_uid}` in org {org_id} does not open: {reason}; set it again"
    )]
    DoesNotOpen {
        /// The org.
        org_id: i64,
        /// The data source's uid.
        data_source_uid: String,
        /// The key name.
        key: String,
        /// What is wrong with what is stored.
        reason: String,
    },
    /// Text or bytes that are no sealed secret.
    #[error("this is no sealed secret: {reason}")]
    NotSealed {
        /// What is wrong.
        reason: String,
    },
    /// The store of the data keys failed.
    #[error("the store of the data keys failed: {0}")]
    DataKeys(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The system gives no random bytes, or no thread to read a master key.
    #[error("the system refuses {what}: {reason}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system says.
        reason: String,
    },
}

impl SecretError {
    /// For an implementation of [`DataKeyStore`](crate::DataKeyStore): its own error.
    pub fn data_keys(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::DataKeys(error.into())
    }

    pub(crate) fn unusable(place: impl fmt::Display, reason: impl Into<String>) -> Self {
        Self::MasterKeyUnusable { place: place.to_string(), reason: reason.into() }
    }
}
