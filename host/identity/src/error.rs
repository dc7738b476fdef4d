//! Why a command on orgs, users, accounts, tokens or grants was not carried out.

use std::fmt;
use wellhead_store::DatabaseError;

/// What an [`IdentityError`] speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entity {
    /// An org.
    Org,
    /// A user.
    User,
    /// A user's membership of an org.
    Member,
    /// A service account.
    ServiceAccount,
    /// A service account's token.
    Token,
    /// A permission on a data source.
    Grant,
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Org => "org",
            Self::User => "user",
            Self::Member => "member",
            Self::ServiceAccount => "service account",
            Self::Token => "token",
            Self::Grant => "permission",
        })
    }
}

/// Why nothing was answered, or nothing changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Nothing there under that key.
    #[error("there is no {entity} {key}: list what there is")]
    NotFound {
        /// What was looked for.
        entity: Entity,
        /// Its id or name, and what it was looked for in.
        key: String,
    },
    /// Another one has it.
    #[error("another {entity} has the {field} {value:?} already: choose another")]
    Exists {
        /// What is there.
        entity: Entity,
        /// The field that must be unique, as on the wire.
        field: &'static str,
        /// What it was to be.
        value: String,
    },
    /// A field that cannot be kept as it is.
    #[error("{field} {reason}")]
    Invalid {
        /// Its name on the wire.
        field: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Nobody would be left to administer the org.
    #[error("{login:?} is the last admin of org {org_id}: make another member its admin first")]
    LastAdmin {
        /// The org.
        org_id: i64,
        /// The admin.
        login: String,
    },
    /// Nobody would be left to administer the server.
    #[error("{login:?} is the last server admin that is enabled: make another user server admin first")]
    LastServerAdmin {
        /// The admin.
        login: String,
    },
    /// Org 1 is where new users and anonymous viewers belong.
    #[error("org 1 is the main org and cannot be deleted: delete what is in it, or rename it")]
    MainOrg,
    /// The old password that goes with a new one is not right.
    #[error("the old password is wrong: ask an admin to set a new one")]
    WrongPassword,
    /// Too many passwords wait to be hashed.
    #[error("{waiting} sign-ins wait for their password to be checked: try again in a few seconds")]
    Busy {
        /// How many may wait.
        waiting: usize,
    },
    /// No password, salt or token could be made.
    #[error("the system gave no random bytes: nothing changed")]
    NoRandomness,
    /// A password could not be hashed: mostly memory.
    #[error("the password could not be hashed ({0}): free memory and try again")]
    Hashing(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] DatabaseError),
}

impl IdentityError {
    pub(crate) fn not_found(entity: Entity, key: impl fmt::Display) -> Self {
        Self::NotFound { entity, key: key.to_string() }
    }

    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }
}

impl From<redb::TableError> for IdentityError {
    fn from(error: redb::TableError) -> Self {
        DatabaseError::from(error).into()
    }
}

impl From<redb::StorageError> for IdentityError {
    fn from(error: redb::StorageError) -> Self {
        DatabaseError::from(error).into()
    }
}
