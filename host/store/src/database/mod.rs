//! The one file that everything durable is kept in: opening, schema version, transactions, backup.
//!
//! What the tables mean is left to the modules that own them. A write is one transaction: it happens as a whole and is on
//! disk when it is answered, or it did not happen. Only where the disk fails in the middle of a commit is it not known
//! which, and then the error says so.

mod backup;
mod error;
#[cfg(test)]
mod faults;
mod file;
mod live;
mod restore;
mod schema;
mod watched;

pub use error::DatabaseError;
pub(crate) use file::with_suffix;

use live::Live;
use redb::{Durability, ReadTransaction, ReadableDatabase, WriteTransaction};
use std::path::Path;
use std::sync::Arc;
use std::thread;

/// An open database. Cheap to clone; the file is locked until the last clone is dropped.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use redb::{ReadableTable, TableDefinition};
/// use wellhead_store::{Database, DatabaseError};
///
/// const COLOURS: TableDefinition<&str, u64> = TableDefinition::new("colours");
///
/// let database = Database::in_memory()?;
/// database.write(|transaction| -> Result<_, DatabaseError> {
///     transaction.open_table(COLOURS)?.insert("red", 0xff_0000)?;
///     Ok(())
/// }).await?;
/// let red = database.read(|transaction| -> Result<_, DatabaseError> {
///     Ok(transaction.open_table(COLOURS)?.get("red")?.map(|colour| colour.value()))
/// })?;
/// assert_eq!(red, Some(0xff_0000));
/// # Ok::<(), DatabaseError>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Database {
    live: Arc<Live>,
    /// redb has one writer and lets the others block their threads: here they wait without one.
    writer: Arc<tokio::sync::Mutex<()>>,
}

/// A writer's turn: nobody else writes, or opens the file anew, while it is held.
type Turn = tokio::sync::OwnedMutexGuard<()>;

impl Database {
    /// Whether a process has the database at `path` open now, this one included. A file that is not there is in nobody's
    /// use.
    pub fn is_in_use(path: impl AsRef<Path>) -> bool {
        matches!(file::lock(path.as_ref()), Err(DatabaseError::Locked { .. }))
    }

    /// Opens the file at `path`, made with mode 0600 where it is missing, and brings its schema up to date. Blocks.
    ///
    /// # Errors
    /// [`DatabaseError`], where another process has it open, it is damaged or from a newer Wellhead, among others. The
    /// file is then as it was.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DatabaseError> {
        Ok(Self::of(Live::open(path.as_ref())?))
    }

    /// One that is gone with its last clone.
    ///
    /// # Errors
    /// [`DatabaseError`], where there is no memory for it.
    pub fn in_memory() -> Result<Self, DatabaseError> {
        Ok(Self::of(Live::in_memory()?))
    }

    fn of(live: Live) -> Self {
        Self { live: Arc::new(live), writer: Arc::default() }
    }

    /// Where it is kept, if on disk.
    pub fn path(&self) -> Option<&Path> {
        self.live.path()
    }

    /// Reads from one point in time. Takes microseconds where the pages are in memory, so that it runs where it is called;
    /// whoever reads much puts it on a thread that may block. Must not be called within [`write`](Self::write).
    ///
    /// After an I/O error the file is opened anew elsewhere, and until that is done this says so at once.
    ///
    /// # Errors
    /// What `read` says, or [`DatabaseError`]; after [`DatabaseError::Recovering`] it is worth asking again.
    pub fn read<T, E>(&self, read: impl FnOnce(&ReadTransaction) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DatabaseError>,
    {
        if self.live.failed() {
            self.start_reopening();
        }
        let transaction = self.live.with(|redb| Ok(redb.begin_read()?))?;
        read(&transaction)
    }

    /// Has the file opened anew, unless whoever has the writer's turn is about to.
    fn start_reopening(&self) {
        let Ok(turn) = Arc::clone(&self.writer).try_lock_owned() else { return };
        let live = Arc::clone(&self.live);
        let reopen = move || {
            // Why it did not work is told to whoever reads next.
            let _ = live.reopen();
            drop(turn);
        };
        // Not a runtime's thread, as a reader may have none. Where there is no thread either, the next reader tries again.
        let _ = thread::Builder::new().name("database".to_owned()).spawn(reopen);
    }

    /// [`read`](Self::read) on a thread that may block, for whoever reads much.
    ///
    /// # Errors
    /// What `read` says, or [`DatabaseError`].
    pub async fn read_much<T, E>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let database = self.clone();
        let answer = tokio::task::spawn_blocking(move || database.read(read)).await;
        answer.unwrap_or_else(|_| Err(DatabaseError::Interrupted.into()))
    }

    /// Writes in one transaction, one after the other. What `write` did is on disk once this is answered, and is undone
    /// where it gives an error. Goes on to its end where the caller stops waiting.
    ///
    /// After an I/O error, such as a full disk, the next call opens the file anew: nothing needs a restart.
    ///
    /// # Errors
    /// What `write` says, or [`DatabaseError`]. Nothing is changed then, but for [`DatabaseError::OutcomeUnknown`].
    pub async fn write<T, E>(
        &self,
        write: impl FnOnce(&WriteTransaction) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        self.in_turn(move |live| write_now(live, write)).await
    }

    #[cfg(test)]
    pub(crate) fn fail_next_sync(&self) {
        self.live.fail_next_sync();
    }

    /// Runs `work` on a thread that may block, with the writer's turn, which it keeps to its end.
    async fn in_turn<T, E>(&self, work: impl FnOnce(&Live) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let live = Arc::clone(&self.live);
        let turn: Turn = Arc::clone(&self.writer).lock_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let answer = work(&live);
            drop(turn);
            answer
        });
        done.await.unwrap_or_else(|_| Err(DatabaseError::Interrupted.into()))
    }
}

/// Needs the writer's turn.
fn write_now<T, E>(live: &Live, write: impl FnOnce(&WriteTransaction) -> Result<T, E>) -> Result<T, E>
where
    E: From<DatabaseError>,
{
    if live.failed() {
        live.reopen()?;
    }
    let answer = commit(live, write);
    // At once, so that readers go on. Where that fails, whoever comes next tries again.
    if live.failed() {
        let _ = live.reopen();
    }
    answer
}

fn commit<T, E>(live: &Live, write: impl FnOnce(&WriteTransaction) -> Result<T, E>) -> Result<T, E>
where
    E: From<DatabaseError>,
{
    let mut transaction = live.with(|redb| Ok(redb.begin_write()?))?;
    transaction.set_durability(Durability::Immediate).map_err(DatabaseError::from)?;
    let answer = write(&transaction)?;
    // A sync that failed proves nothing, neither now nor later: the system takes what it could not write for written, and
    // shows it to whoever reads the file.
    transaction.commit().map_err(DatabaseError::OutcomeUnknown)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use redb::TableDefinition;

    const NAMES: TableDefinition<&str, u64> = TableDefinition::new("names");

    fn insert(transaction: &WriteTransaction) -> Result<(), DatabaseError> {
        transaction.open_table(NAMES)?.insert("a", 1)?;
        Ok(())
    }

    fn is_there(database: &Database) -> bool {
        let found = database
            .read(|transaction| -> Result<_, DatabaseError> { Ok(transaction.open_table(NAMES)?.get("a")?.is_some()) });
        found.unwrap_or(false)
    }

    /// Inserts, and fails the sync of the commit.
    fn insert_and_fail(database: &Database) -> impl FnOnce(&WriteTransaction) -> Result<(), DatabaseError> + use<> {
        let live = Arc::clone(&database.live);
        move |transaction| {
            insert(transaction)?;
            live.fail_next_sync();
            Ok(())
        }
    }

    fn open() -> (tempfile::TempDir, std::path::PathBuf, Database) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.redb");
        let database = Database::open(&path).unwrap();
        (folder, path, database)
    }

    /// Asks until the file is open.
    async fn reads(database: &Database) -> Result<(), DatabaseError> {
        for _ in 0..10_000 {
            match database.read(|_| Ok(())) {
                Err(DatabaseError::Recovering { .. }) => tokio::time::sleep(std::time::Duration::from_millis(1)).await,
                other => return other,
            }
        }
        database.read(|_| Ok(()))
    }

    #[tokio::test]
    async fn a_commit_whose_sync_fails_is_never_said_to_be_done_and_the_next_one_is() {
        let (_folder, _, database) = open();
        let answer = database.write(insert_and_fail(&database)).await;
        let error = answer.unwrap_err();
        assert!(matches!(error, DatabaseError::OutcomeUnknown(_)), "{error}");
        assert!(error.to_string().contains("(I/O error: the disk is on fire): it may be there or not"), "{error}");
        database.write(insert).await.unwrap();
        assert!(is_there(&database));
    }

    #[tokio::test]
    async fn a_file_that_is_gone_when_it_is_opened_anew_is_not_made_again() {
        let (_folder, path, database) = open();
        let away = path.with_extension("away");
        std::fs::rename(&path, &away).unwrap();
        let error = database.write(insert_and_fail(&database)).await.unwrap_err();
        assert!(matches!(error, DatabaseError::OutcomeUnknown(_)), "{error}");
        for empty in [false, true] {
            if empty {
                std::fs::write(&path, "").unwrap();
            }
            database.write(insert).await.unwrap_err();
            let error = database.read(|_| Ok(())).map_err(|error: DatabaseError| error.to_string()).unwrap_err();
            let why = if empty { "it is empty, and was not" } else { "No such file" };
            assert!(error.contains(why) && error.ends_with(": ask again"), "{error}");
            assert_eq!(path.exists(), empty, "nothing was made");
        }
        std::fs::rename(&away, &path).unwrap();
        reads(&database).await.unwrap();
        database.write(insert).await.unwrap();
    }

    #[tokio::test]
    async fn nobody_waits_for_a_file_that_is_being_opened_anew() {
        let (_folder, path, database) = open();
        let held = faults::hold(faults::Step::OpenAgain, &path);
        let writing = tokio::spawn({
            let database = database.clone();
            async move { database.write(insert_and_fail(&database)).await }
        });
        let ask = || -> Result<(), DatabaseError> { database.read(|_| Ok(())) };
        while ask().is_ok() {
            tokio::task::yield_now().await;
        }
        for _ in 0..3 {
            let answer = ask();
            assert!(matches!(answer, Err(DatabaseError::Recovering { .. })), "{answer:?}");
        }
        assert!(!writing.is_finished(), "the writer waits, on a thread that may");
        drop(held);
        writing.await.unwrap().unwrap_err();
        reads(&database).await.unwrap();
    }

    #[tokio::test]
    async fn a_reader_has_the_file_opened_anew_and_does_not_wait_for_it() {
        let (_folder, path, database) = open();
        faults::fail(faults::Step::OpenAgain, &path);
        database.write(insert_and_fail(&database)).await.unwrap_err();
        let held = faults::hold(faults::Step::OpenAgain, &path);
        let answer: Result<(), DatabaseError> = database.read(|_| Ok(()));
        assert!(matches!(answer, Err(DatabaseError::Recovering { .. })), "{answer:?}");
        drop(held);
        reads(&database).await.unwrap();
    }

    #[tokio::test]
    async fn a_transaction_that_gives_an_error_or_panics_leaves_nothing() {
        let database = Database::in_memory().unwrap();
        let fails = |transaction: &WriteTransaction| insert(transaction).and(Err::<(), _>(DatabaseError::InMemory));
        assert!(matches!(database.write(fails).await, Err(DatabaseError::InMemory)));
        let panics = |transaction: &WriteTransaction| -> Result<(), DatabaseError> {
            insert(transaction)?;
            panic!("on purpose")
        };
        assert!(matches!(database.write(panics).await, Err(DatabaseError::Interrupted)));
        assert!(!is_there(&database));
        database.write(insert).await.unwrap();
        assert!(is_there(&database));
    }
}
