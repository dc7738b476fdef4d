//! The redb behind a [`Database`](super::Database), opened anew after an I/O error.
//!
//! redb refuses everything once its file failed, because what is in its memory may differ from what is on disk. Opened again
//! it starts from what is on disk: the last transaction that was committed.

use super::{DatabaseError, file, schema};
use file::Fault;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

pub(super) struct Live {
    path: Option<PathBuf>,
    open: RwLock<Option<Open>>,
}

struct Open {
    redb: redb::Database,
    fault: Arc<Fault>,
}

impl Live {
    pub(super) fn open(path: &Path) -> Result<Self, DatabaseError> {
        let open = open(path)?;
        Ok(Self { path: Some(path.to_owned()), open: RwLock::new(Some(open)) })
    }

    pub(super) fn in_memory() -> Result<Self, DatabaseError> {
        let backend = redb::backends::InMemoryBackend::new();
        let opened = file::builder().create_with_backend(backend);
        let redb = opened.map_err(|error| DatabaseError::opening(Path::new("in memory"), error))?;
        schema::migrate(&redb, schema::MIGRATIONS)?;
        Ok(Self { path: None, open: RwLock::new(Some(Open { redb, fault: Arc::default() })) })
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether its file failed since it was opened.
    pub(super) fn failed(&self) -> bool {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().is_none_or(|open| open.fault.happened())
    }

    /// Opens the file anew. Needs the writer's turn: redb keeps its lock on the file while a transaction writes.
    pub(super) fn reopen(&self) -> Result<(), DatabaseError> {
        let Some(path) = &self.path else { return Err(DatabaseError::Interrupted) };
        let mut slot = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_some_and(|open| !open.fault.happened()) {
            return Ok(());
        }
        // The old one first: it holds the lock.
        *slot = None;
        *slot = Some(open(path)?);
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn fail_next_sync(&self) {
        let open = self.open.read().unwrap();
        open.as_ref().unwrap().fault.next_sync.store(true, std::sync::atomic::Ordering::Release);
    }

    /// Works on the redb that is open.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&redb::Database) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        match open.as_ref() {
            Some(open) => work(&open.redb),
            None => Err(DatabaseError::Recovering),
        }
    }
}

fn open(path: &Path) -> Result<Open, DatabaseError> {
    let (redb, fault) = file::open(path)?;
    schema::migrate(&redb, schema::MIGRATIONS)?;
    Ok(Open { redb, fault })
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("path", &self.path).finish_non_exhaustive()
    }
}
