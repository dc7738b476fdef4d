//! A copy of the whole database while it is in use.

#[cfg(test)]
use super::faults::{self, Step};
use super::live::Live;
use super::{Database, DatabaseError, file, schema};
use std::fs::File;
use std::io;
use std::path::Path;

impl Database {
    /// Copies the database, as it is between two transactions, into a new file at `path` with mode 0600. Readers go on
    /// meanwhile, writers wait while the bytes are copied. The copy is checked page by page, closed, and on disk
    /// before it gets its name. Sealed secrets stay sealed in it: keep the master key elsewhere, and keep it.
    ///
    /// # Errors
    /// [`DatabaseError::Exists`] where there is a file at `path`, [`DatabaseError::InMemory`], and those of the disk.
    /// There is then no file at `path` that was not there before; but after [`DatabaseError::FolderNotSynced`] it is there,
    /// whole, unless the power fails.
    pub async fn back_up(&self, path: impl AsRef<Path>) -> Result<(), DatabaseError> {
        let path = path.as_ref().to_owned();
        // Before any work. What decides is that the name is given to no file twice.
        if path.exists() {
            return Err(DatabaseError::Exists { path });
        }
        let copied = path.clone();
        let draft = self.in_turn(move |live| copy(live, &copied)).await?;
        let finish = move || {
            let checked = file::check(draft.path()).map_err(|error| error.about(&path))?;
            schema::version(&checked, &path)?;
            drop(checked);
            file::publish(draft, &path)
        };
        tokio::task::spawn_blocking(finish).await.unwrap_or(Err(DatabaseError::Interrupted))
    }
}

/// Between two transactions the file is what a crash would leave, which redb starts from without a loss.
fn copy(live: &Live, path: &Path) -> Result<tempfile::NamedTempFile, DatabaseError> {
    let original = live.path().ok_or(DatabaseError::InMemory)?;
    if live.failed() {
        live.reopen()?;
    }
    let mut from = File::open(original).map_err(|source| DatabaseError::file(original, source))?;
    let mut draft = file::beside(path)?;
    #[cfg(test)]
    faults::strike(Step::Copy, path).map_err(|source| DatabaseError::file(path, source))?;
    io::copy(&mut from, draft.as_file_mut()).map_err(|source| DatabaseError::file(path, source))?;
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn failing(step: Step) -> (DatabaseError, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path().join("data.redb")).unwrap();
        let path = folder.path().join("backup");
        faults::fail(step, &path);
        let error = database.back_up(&path).await.unwrap_err();
        let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<_> = files.collect();
        files.sort();
        (error, files)
    }

    #[tokio::test]
    async fn a_backup_that_fails_on_its_way_leaves_nothing_behind() {
        for step in [Step::Copy, Step::Name] {
            let (error, files) = failing(step).await;
            assert!(matches!(error, DatabaseError::File { .. }), "{error}");
            assert_eq!(files, ["data.redb"], "{step:?}");
        }
    }

    #[tokio::test]
    async fn a_backup_whose_name_may_not_last_is_there_and_the_error_says_so() {
        let (error, files) = failing(Step::SyncFolder).await;
        assert!(error.to_string().contains("backup is in place, but its folder cannot be written to disk"), "{error}");
        assert_eq!(files, ["backup", "data.redb"]);
    }
}
