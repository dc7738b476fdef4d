//! Why a store did not do what it was asked.

use crate::{DataSourceKey, DatabaseError, InvalidField};
use wellhead_secrets::SecretError;

/// Why a store did not answer, or did not change anything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Nothing there under that key.
    #[error("org {org_id} has no data source with {key}: list them with GET /api/datasources")]
    NotFound {
        /// The org that was asked.
        org_id: i64,
        /// What was looked for.
        key: DataSourceKey,
    },
    /// Another one of the org has this uid.
    #[error("org {org_id} has a data source with uid {uid:?} already: choose another, or leave it empty to get one")]
    UidExists {
        /// The org.
        org_id: i64,
        /// The uid.
        uid: String,
    },
    /// Another one of the org has this name.
    #[error("org {org_id} has a data source named {name:?} already: choose another name")]
    NameExists {
        /// The org.
        org_id: i64,
        /// The name.
        name: String,
    },
    /// Somebody else was faster.
    #[error("data source {uid:?} is at version {actual}, the change was made to version {expected}: read it again")]
    VersionConflict {
        /// The data source.
        uid: String,
        /// What the change was made to.
        expected: u32,
        /// What is there.
        actual: u32,
    },
    /// It belongs to a provisioning file.
    #[error("data source {name:?} of org {org_id} is read-only: change the provisioning file it comes from")]
    ReadOnly {
        /// The org.
        org_id: i64,
        /// The name.
        name: String,
    },
    /// A field cannot be stored as it is.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// No uid could be made.
    #[error("the system gave no random bytes for a new uid: name one")]
    NoRandomness,
    /// A secret cannot be sealed or opened, or the master key is not there.
    #[error(transparent)]
    Secrets(#[from] SecretError),
    /// A data source got its first secret while another command that knew of none was under way.
    #[error("the data source was changed at the same moment: try again")]
    NoKey,
    /// The store itself failed.
    #[error("the data source store failed: {0}")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        Self::Backend(Box::new(error))
    }
}
