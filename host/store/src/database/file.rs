//! The file of a database: made whole or not at all, opened, locked, and watched for failures.

use super::DatabaseError;
use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::NamedTempFile;

/// Memory for pages that were read. The whole of ten thousand data sources fits.
const CACHE_BYTES: usize = 64 << 20;

/// Every page is checked at every opening: some 10 µs a data source, and a damaged file is an error and not a panic later.
pub(super) fn builder() -> redb::Builder {
    let mut builder = redb::Database::builder();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    builder
}

/// Opens the database at `path`, made where it is missing.
pub(super) fn open(path: &Path) -> Result<(redb::Database, Arc<Fault>), DatabaseError> {
    if !path.try_exists().map_err(|source| DatabaseError::file(path, source))? {
        create(path)?;
    }
    let fault = Arc::<Fault>::default();
    let file = WatchedFile { file: backend(path)?, fault: Arc::clone(&fault) };
    let opened = builder().create_with_backend(file);
    Ok((opened.map_err(|error| DatabaseError::opening(path, error))?, fault))
}

/// Checks a file that is nobody's yet, and mends it where it was not closed.
pub(super) fn check(path: &Path) -> Result<redb::Database, DatabaseError> {
    let opened = builder().create_with_backend(backend(path)?);
    opened.map_err(|error| DatabaseError::opening(path, error))
}

/// Locks the file as an open database does, until the answer is dropped.
pub(super) fn lock(path: &Path) -> Result<impl Sized + use<>, DatabaseError> {
    let backend = backend(path)?;
    let locked = backend.try_lock_range(Bound::Unbounded, Bound::Unbounded);
    let locked = locked.map_err(|error| DatabaseError::file(path, error.into()))?;
    if locked { Ok(backend) } else { Err(DatabaseError::Locked { path: path.to_owned() }) }
}

fn backend(path: &Path) -> Result<FileBackend, DatabaseError> {
    let file = OpenOptions::new().read(true).write(true).open(path);
    let file = file.map_err(|source| DatabaseError::file(path, source))?;
    FileBackend::new(file).map_err(|error| DatabaseError::opening(path, error))
}

/// An empty database, which appears under its name once it is whole.
fn create(path: &Path) -> Result<(), DatabaseError> {
    let draft = beside(path)?;
    drop(check(draft.path()).map_err(|error| error.about(path))?);
    match publish(draft, path) {
        // Another process was as fast: its file is as good.
        Err(DatabaseError::Exists { .. }) => Ok(()),
        other => other,
    }
}

/// A file in the folder of `path`, for its owner only (a database holds password hashes and sealed secrets), and gone
/// when it is dropped.
pub(super) fn beside(path: &Path) -> Result<NamedTempFile, DatabaseError> {
    // Asked first, because a temporary file's error names itself and not the folder that is missing.
    let made = folder(path).metadata().and_then(|_| NamedTempFile::new_in(folder(path)));
    made.map_err(|source| DatabaseError::file(path, source))
}

/// Gives `draft` its name, where no file has it, with all its bytes on disk.
pub(super) fn publish(draft: NamedTempFile, path: &Path) -> Result<(), DatabaseError> {
    let published = draft
        .as_file()
        .sync_all()
        .and_then(|()| draft.persist_noclobber(path).map_err(|failed| failed.error))
        .and_then(|_| sync_folder(path));
    published.map_err(|source| DatabaseError::file(path, source))
}

/// Makes names that changed in the folder of `path` last.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder(path))?.sync_all() } else { Ok(()) }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether a file failed since it was opened.
#[derive(Debug, Default)]
pub(super) struct Fault {
    happened: AtomicBool,
    /// A sync that is done, but said to have failed: as a network file system may.
    #[cfg(test)]
    pub(super) next_sync: AtomicBool,
}

impl Fault {
    pub(super) fn happened(&self) -> bool {
        self.happened.load(Ordering::Acquire)
    }

    fn watch<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.happened.store(true, Ordering::Release);
        }
        result
    }
}

/// redb's file, which remembers that it failed.
#[derive(Debug)]
struct WatchedFile {
    file: FileBackend,
    fault: Arc<Fault>,
}

impl StorageBackend for WatchedFile {
    fn len(&self) -> io::Result<u64> {
        self.fault.watch(self.file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.fault.watch(self.file.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.fault.watch(self.file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        let synced = self.file.sync_data();
        #[cfg(test)]
        let synced =
            if self.fault.next_sync.swap(false, Ordering::AcqRel) { Err(io::ErrorKind::Other.into()) } else { synced };
        self.fault.watch(synced)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.fault.watch(self.file.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
