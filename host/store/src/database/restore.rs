//! Putting a backup in the place of a database that nobody has open.

use super::{Database, DatabaseError, file, schema};
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
    /// changed. After [`DatabaseError::FolderNotSynced`] the backup is in place, and the error says where the old one is.
    pub fn restore(backup: impl AsRef<Path>, path: impl AsRef<Path>) -> Result<Option<PathBuf>, DatabaseError> {
        let (backup, path) = (backup.as_ref(), path.as_ref());
        let draft = checked_copy(backup, path)?;
        if !path.exists() {
            file::publish(draft, path)?;
            return Ok(None);
        }
        let lock = file::lock(path)?;
        let kept = file::with_suffix(path, ".before-restore");
        fs::hard_link(path, &kept).map_err(|source| DatabaseError::file(&kept, source))?;
        // On disk before the old name is given away: else a power failure could leave the old database without one.
        let replaced = file::sync_folder(&kept).and_then(|()| file::replace(draft, path));
        if let Err(source) = replaced {
            // The file at `path` is the same one, so that this is no more than a second name of it.
            let _ = fs::remove_file(&kept);
            return Err(DatabaseError::file(path, source));
        }
        if let Err(source) = file::sync_folder(path) {
            // Now it is the only name of the old one.
            return Err(DatabaseError::FolderNotSynced { path: path.to_owned(), kept: Some(kept), source });
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
        return Err(DatabaseError::unusable(backup, "it is empty"));
    }
    let checked = file::check(draft.path()).map_err(|error| error.about(backup))?;
    if schema::version(&checked, backup)? == 0 {
        return Err(DatabaseError::unusable(backup, "there is nothing in it"));
    }
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::super::faults::{self, Step};
    use super::*;
    use redb::{ReadableDatabase, TableDefinition};

    /// A backup and a database, of different bytes.
    fn folder() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (backup, path) = (folder.path().join("backup"), folder.path().join("data.redb"));
        drop(Database::open(&backup).unwrap());
        fs::write(&path, "the old one").unwrap();
        (folder, backup, path)
    }

    #[test]
    fn a_restore_that_cannot_replace_the_file_leaves_it_under_its_one_name() {
        for (step, at) in [(Step::SyncFolder, "data.redb.before-restore"), (Step::Name, "data.redb")] {
            let (folder, backup, path) = folder();
            faults::fail(step, &folder.path().join(at));
            let error = Database::restore(&backup, &path).unwrap_err();
            assert!(matches!(error, DatabaseError::File { .. }), "{error}");
            assert_eq!(fs::read(&path).unwrap(), b"the old one");
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing is left behind");
        }
    }

    #[test]
    fn a_restore_whose_last_step_fails_keeps_the_old_database_and_says_where() {
        let (_folder, backup, path) = folder();
        faults::fail(Step::SyncFolder, &path);
        let error = Database::restore(&backup, &path).unwrap_err();
        let kept = file::with_suffix(&path, ".before-restore");
        assert_eq!(fs::read(&kept).unwrap(), b"the old one");
        assert!(Database::open(&path).is_ok(), "the backup is in place");
        let said = format!("is in place, what was there before is at {}", kept.display());
        assert!(error.to_string().contains(&said), "{error}");
    }

    #[test]
    fn a_redb_file_of_another_program_is_no_backup_and_is_not_opened() {
        let (_folder, backup, path) = folder();
        fs::remove_file(&backup).unwrap();
        let redb = redb::Database::create(&backup).unwrap();
        drop(redb);
        let refused = Database::restore(&backup, &path).unwrap_err().to_string();
        assert!(refused.contains("(there is nothing in it)"), "{refused}");

        let redb = redb::Database::create(&backup).unwrap();
        let transaction = redb.begin_write().unwrap();
        transaction.open_table(TableDefinition::<u64, u64>::new("theirs")).unwrap();
        transaction.commit().unwrap();
        drop(redb);
        for refused in [Database::restore(&backup, &path).map(drop), Database::open(&backup).map(drop)] {
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains("it has tables of another program"), "{refused}");
        }
        let redb = redb::Database::open(&backup).unwrap();
        let transaction = redb.begin_read().unwrap();
        assert_eq!(transaction.list_tables().unwrap().count(), 1, "nothing was put into it");
        assert_eq!(fs::read(&path).unwrap(), b"the old one");
    }
}
