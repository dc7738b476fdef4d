//! Putting a backup in the place of a database that nobody has open.

use super::{Database, DatabaseError, file, schema};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

impl Database {
    /// Puts a copy of `backup` in the place of the database at `path`, whose file is kept beside it with
    /// `.before-restore` after its name. The backup is checked page by page first and stays as it is. At every moment
    /// there is a whole database at `path`, the old one or the new. Blocks; gives back where the old one is, if there
    /// was one.
    ///
    /// # Errors
    /// [`DatabaseError::Locked`] where `path` is open, [`DatabaseError::Exists`] where a file was kept by an earlier
    /// restore, [`DatabaseError::Unusable`] or [`DatabaseError::Newer`] where the backup is no good. Nothing is then
    /// changed.
    pub fn restore(backup: impl AsRef<Path>, path: impl AsRef<Path>) -> Result<Option<PathBuf>, DatabaseError> {
        let (backup, path) = (backup.as_ref(), path.as_ref());
        let draft = checked_copy(backup, path)?;
        if !path.exists() {
            file::publish(draft, path)?;
            return Ok(None);
        }
        let lock = file::lock(path)?;
        let kept = kept_name(path);
        fs::hard_link(path, &kept).map_err(|source| DatabaseError::file(&kept, source))?;
        let replaced = draft.as_file().sync_all().and_then(|()| draft.persist(path).map_err(|failed| failed.error));
        if let Err(source) = replaced.and_then(|_| file::sync_folder(path)) {
            // The name is the only thing it has from us: the file at `path` is the same one.
            let _ = fs::remove_file(&kept);
            return Err(DatabaseError::file(path, source));
        }
        drop(lock);
        Ok(Some(kept))
    }
}

/// A copy, because to check a database is to write to it, and a backup is not written to.
fn checked_copy(backup: &Path, path: &Path) -> Result<tempfile::NamedTempFile, DatabaseError> {
    let mut from = File::open(backup).map_err(|source| DatabaseError::file(backup, source))?;
    let mut draft = file::beside(path)?;
    let bytes = io::copy(&mut from, draft.as_file_mut()).map_err(|source| DatabaseError::file(backup, source))?;
    if bytes == 0 {
        return Err(DatabaseError::Unusable { path: backup.to_owned(), reason: "it is empty".into() });
    }
    let checked = file::check(draft.path()).map_err(|error| error.about(backup))?;
    schema::known(&checked)?;
    Ok(draft)
}

fn kept_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".before-restore");
    name.into()
}
