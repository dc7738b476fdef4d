//! The file of a database: made whole or not at all, opened, locked, and put under its name.

#[cfg(test)]
use super::faults::{self, Step};
use super::watched::{Fault, WatchedFile};
use super::{DatabaseError, schema};
use redb::StorageBackend;
use redb::backends::FileBackend;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
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
    let (redb, fault) = watched(path)?;
    schema::version(&redb, path)?;
    Ok((redb, fault))
}

/// Opens the database at `path` once more, after it failed. One that is missing or empty stays an error: where a disk
/// is gone, the folder it was mounted on is there, and nothing is made in it.
pub(super) fn open_again(path: &Path) -> Result<(redb::Database, Arc<Fault>), DatabaseError> {
    #[cfg(test)]
    faults::strike(Step::OpenAgain, path).map_err(|source| DatabaseError::file(path, source))?;
    let file = File::open(path).map_err(|source| DatabaseError::file(path, source))?;
    if file.metadata().map_err(|source| DatabaseError::file(path, source))?.len() == 0 {
        return Err(DatabaseError::unusable(path, "it is empty, and was not"));
    }
    forget_pages(&file);
    drop(file);
    let (redb, fault) = watched(path)?;
    if schema::version(&redb, path)? == 0 {
        return Err(DatabaseError::unusable(path, "it has no schema, and had one"));
    }
    Ok((redb, fault))
}

/// What was to be written when a disk failed is still in Linux's memory, marked as written. This asks it to read the disk.
fn forget_pages(file: &File) {
    #[cfg(target_os = "linux")]
    // Only advice: where it is not taken, what is in memory is what was there before.
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

fn watched(path: &Path) -> Result<(redb::Database, Arc<Fault>), DatabaseError> {
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
///
/// # Errors
/// [`DatabaseError::FolderNotSynced`] where the file is there all the same; after others there is none.
pub(super) fn publish(draft: NamedTempFile, path: &Path) -> Result<(), DatabaseError> {
    let synced = draft.as_file().sync_all();
    let published = synced.and_then(|()| {
        #[cfg(test)]
        faults::strike(Step::Name, path)?;
        draft.persist_noclobber(path).map_err(|failed| failed.error)
    });
    published.map_err(|source| DatabaseError::file(path, source))?;
    sync_folder(path).map_err(|source| DatabaseError::FolderNotSynced { path: path.to_owned(), kept: None, source })
}

/// Gives `draft` the name of the file at `path`, which is gone then, with all its bytes on disk.
pub(super) fn replace(draft: NamedTempFile, path: &Path) -> io::Result<()> {
    draft.as_file().sync_all()?;
    #[cfg(test)]
    faults::strike(Step::Name, path)?;
    draft.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// Makes names that changed in the folder of `path` last.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    faults::strike(Step::SyncFolder, path)?;
    if cfg!(unix) { File::open(folder(path))?.sync_all() } else { Ok(()) }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name of a file beside `path`: `suffix` after its name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
