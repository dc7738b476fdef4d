//! Why the database did not do what it was asked.

use std::io;
use std::path::{Path, PathBuf};

/// Why a database could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The file cannot be opened or made.
    #[error("the file {} cannot be used: {source}{}", path.display(), cure(source))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has it open, or this one has it open already.
    #[error("the database {} is open already: end the process that has it open, or ask that over HTTP", path.display())]
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
    #[error("{} is damaged, or no database of Wellhead ({reason}): restore a backup, or name another file", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What redb says.
        reason: String,
    },
    /// There is a file where one was to be made.
    #[error("{} is there already and is not overwritten: name another file, or move that one away", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is no file to copy.
    #[error("the database is in memory and has no file to back up: open one with a path")]
    InMemory,
    /// A record that this program did not write.
    #[error("the database holds a record that cannot be read, {what}: {source}")]
    Record {
        /// Which one.
        what: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The disk refused, mostly because it is full. The next call opens the file anew.
    #[error("the database's disk failed ({0}): free space on it, or mend it; the next request tries again")]
    Disk(#[source] io::Error),
    /// The disk failed while a transaction was committed. It is stored or it is not: of a sync that failed, also the
    /// file as it can be read says nothing, because the system may show what it has not written.
    #[error(
        "the database's disk failed while a change was made last ({0}): it may be there or not; mend the disk or free \
         space on it, look whether the change is there, and make it again if not"
    )]
    OutcomeUnknown(#[source] redb::CommitError),
    /// A file got its name, but maybe not for good.
    #[error(
        "{} is in place{}, but its folder cannot be written to disk ({source}): after a power failure the name may be \
         gone; mend the disk and run `sync`", path.display(), kept_at(kept.as_deref())
    )]
    FolderNotSynced {
        /// The file.
        path: PathBuf,
        /// Where the file is that had the name before.
        kept: Option<PathBuf>,
        /// What the system says.
        source: io::Error,
    },
    /// Its file failed a moment ago, and is being opened anew.
    #[error("the database is being opened anew after its disk failed{}: ask again", last.as_ref().map_or(String::new(), |last| format!(" ({last})")))]
    Recovering {
        /// Why that did not work the last time it was tried.
        last: Option<String>,
    },
    /// redb failed.
    #[error("the database failed: {0}")]
    Redb(#[source] Box<redb::Error>),
    /// The thread that worked is gone.
    #[error("the database was interrupted: nothing changed")]
    Interrupted,
}

fn cure(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "; make its folder, or name another one",
        io::ErrorKind::PermissionDenied => "; give this user the right to read and write it",
        io::ErrorKind::IsADirectory => "; name a file in it",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free space on its disk",
        _ => "",
    }
}

fn kept_at(kept: Option<&Path>) -> String {
    kept.map_or(String::new(), |kept| format!(", what was there before is at {}", kept.display()))
}

impl DatabaseError {
    pub(super) fn unusable(path: &Path, reason: impl Into<String>) -> Self {
        Self::Unusable { path: path.to_owned(), reason: reason.into() }
    }

    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::AlreadyExists { Self::Exists { path } } else { Self::File { path, source } }
    }

    pub(super) fn opening(path: &Path, error: redb::DatabaseError) -> Self {
        let path = path.to_owned();
        match error {
            redb::DatabaseError::DatabaseAlreadyOpen | redb::DatabaseError::LockProtocolMismatch => {
                Self::Locked { path }
            }
            redb::DatabaseError::Storage(redb::StorageError::Io(source))
                if !matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
            {
                Self::File { path, source }
            }
            other => Self::Unusable { path, reason: other.to_string() },
        }
    }

    /// The same of another file, of which that one is a copy.
    pub(super) fn about(mut self, file: &Path) -> Self {
        if let Self::Unusable { path, .. } | Self::File { path, .. } = &mut self {
            file.clone_into(path);
        }
        self
    }
}

impl From<redb::Error> for DatabaseError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(source) => Self::Disk(source),
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => Self::Recovering { last: None },
            other => Self::Redb(Box::new(other)),
        }
    }
}

macro_rules! from_redb {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for DatabaseError {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        })*
    };
}

from_redb!(StorageError, TableError, TransactionError, SetDurabilityError);
