//! Why the database did not do what it was asked.

use std::path::{Path, PathBuf};

/// Why a database could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The file cannot be opened or made.
    #[error("the database {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another process has it open.
    #[error("the database {} is open in another process: end that one, or ask it over HTTP", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a newer Wellhead.
    #[error("the database has schema {found}, this program knows up to {known}: use a newer one, or restore a backup")]
    Newer {
        /// The schema of the file.
        found: u64,
        /// The newest schema this program knows.
        known: u64,
    },
    /// It is not a database, or damaged.
    #[error("the database {} cannot be used ({reason}): restore a backup", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What redb says.
        reason: String,
    },
    /// A record that this program did not write.
    #[error("the database holds a record that cannot be read, {what}: {source}")]
    Record {
        /// Which one.
        what: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// redb failed: mostly the disk.
    #[error("the database failed: {0}")]
    Redb(#[from] Box<redb::Error>),
    /// The thread that wrote is gone.
    #[error("the database was interrupted while it wrote: nothing changed")]
    Interrupted,
}

impl DatabaseError {
    pub(super) fn opening(path: &Path, error: redb::DatabaseError) -> Self {
        let path = path.to_owned();
        match error {
            redb::DatabaseError::DatabaseAlreadyOpen | redb::DatabaseError::LockProtocolMismatch => {
                Self::Locked { path }
            }
            redb::DatabaseError::Storage(redb::StorageError::Io(source))
                if source.kind() != std::io::ErrorKind::InvalidData =>
            {
                Self::File { path, source }
            }
            other => Self::Unusable { path, reason: other.to_string() },
        }
    }
}

macro_rules! from_redb {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for DatabaseError {
            fn from(error: redb::$error) -> Self {
                Self::Redb(Box::new(error.into()))
            }
        })*
    };
}

from_redb!(StorageError, TableError, TransactionError, CommitError, SetDurabilityError);
