//! The redb behind a [`Database`](super::Database), opened anew after an I/O error.
//!
//! redb refuses everything once its file failed, because what is in its memory may differ from what is on disk. Opened again
//! it starts from what the file holds: the last transaction whose bytes are whole. Meanwhile everybody is told to ask again.

use super::watched::Fault;
use super::{DatabaseError, file, schema};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(super) struct Live {
    path: Option<PathBuf>,
    /// Locked for moments only: whoever opens a file does it outside.
    slot: RwLock<Slot>,
}

enum Slot {
    Open(Open),
    /// Being opened anew, or waiting for it; with what came of the last try.
    Closed(Option<String>),
}

struct Open {
    redb: redb::Database,
    fault: Arc<Fault>,
}

impl Slot {
    fn failed(&self) -> bool {
        match self {
            Self::Open(open) => open.fault.happened(),
            Self::Closed(_) => true,
        }
    }
}

impl Live {
    pub(super) fn open(path: &Path) -> Result<Self, DatabaseError> {
        let open = migrated(file::open(path)?)?;
        Ok(Self { path: Some(path.to_owned()), slot: RwLock::new(Slot::Open(open)) })
    }

    pub(super) fn in_memory() -> Result<Self, DatabaseError> {
        let backend = redb::backends::InMemoryBackend::new();
        let opened = file::builder().create_with_backend(backend);
        let redb = opened.map_err(|error| DatabaseError::opening(Path::new("in memory"), error))?;
        Ok(Self { path: None, slot: RwLock::new(Slot::Open(migrated((redb, Arc::default()))?)) })
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether its file failed since it was opened.
    pub(super) fn failed(&self) -> bool {
        self.slot().failed()
    }

    /// Opens the file anew, where it failed. Blocks for as long as the disk takes. Needs the writer's turn: redb keeps its
    /// lock on the file while a transaction writes, and two may not open it at once.
    pub(super) fn reopen(&self) -> Result<(), DatabaseError> {
        let Some(path) = &self.path else { return Err(DatabaseError::Interrupted) };
        let failed = {
            let mut slot = self.slot_mut();
            if !slot.failed() {
                return Ok(());
            }
            let last = if let Slot::Closed(last) = &*slot { last.clone() } else { None };
            std::mem::replace(&mut *slot, Slot::Closed(last))
        };
        // First, because it holds the lock on the file.
        drop(failed);
        let opened = file::open_again(path).and_then(migrated);
        let mut slot = self.slot_mut();
        match opened {
            Ok(open) => *slot = Slot::Open(open),
            Err(error) => {
                *slot = Slot::Closed(Some(error.to_string()));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Works on the redb that is open.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&redb::Database) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        match &*self.slot() {
            Slot::Open(open) => work(&open.redb),
            Slot::Closed(last) => Err(DatabaseError::Recovering { last: last.clone() }),
        }
    }

    fn slot(&self) -> RwLockReadGuard<'_, Slot> {
        self.slot.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot_mut(&self) -> RwLockWriteGuard<'_, Slot> {
        self.slot.write().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn fail_next_sync(&self) {
        if let Slot::Open(open) = &*self.slot() {
            open.fault.next_sync.store(true, std::sync::atomic::Ordering::Release);
        }
    }
}

fn migrated((redb, fault): (redb::Database, Arc<Fault>)) -> Result<Open, DatabaseError> {
    schema::migrate(&redb, schema::MIGRATIONS)?;
    Ok(Open { redb, fault })
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("path", &self.path).finish_non_exhaustive()
    }
}
