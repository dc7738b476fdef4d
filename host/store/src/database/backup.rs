//! A copy of the whole database while it is in use.

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
    /// There is then no file at `path` that was not there before.
    pub async fn back_up(&self, path: impl AsRef<Path>) -> Result<(), DatabaseError> {
        let path = path.as_ref().to_owned();
        // Before any work. What decides is that the name is given to no file twice.
        if path.exists() {
            return Err(DatabaseError::Exists { path });
        }
        let copied = path.clone();
        let draft = self.in_turn(move |live| copy(live, &copied)).await?;
        let finish = move || {
            let checked = file::check(draft.path())?;
            schema::known(&checked)?;
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
    io::copy(&mut from, draft.as_file_mut()).map_err(|source| DatabaseError::file(path, source))?;
    Ok(draft)
}
