//! The one file that everything durable is kept in: opening, schema version, transactions, backup.
//!
//! What the tables mean is left to the modules that own them. A write is one transaction: it happens as a whole and is on
//! disk when it is answered, or it did not happen.

mod backup;
mod error;
mod file;
mod live;
mod restore;
mod schema;

pub use error::DatabaseError;

use live::Live;
use redb::{Durability, ReadTransaction, ReadableDatabase, WriteTransaction};
use std::path::Path;
use std::sync::Arc;

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
    /// # Errors
    /// What `read` says, or [`DatabaseError`].
    pub fn read<T, E>(&self, read: impl FnOnce(&ReadTransaction) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DatabaseError>,
    {
        if self.live.failed()
            && let Ok(_turn) = self.writer.try_lock()
        {
            self.live.reopen()?;
        }
        let transaction = self.live.with(|redb| Ok(redb.begin_read()?))?;
        read(&transaction)
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
    /// What `write` says, or [`DatabaseError`].
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
    let number = schema::count_commit(&transaction)?;
    let answer = write(&transaction)?;
    if let Err(error) = transaction.commit() {
        // A disk may fail after it has taken all of it: what is in the file decides.
        let in_the_file = live.reopen().and_then(|()| live.with(schema::commits));
        if in_the_file.ok() != Some(number) {
            return Err(DatabaseError::from(error).into());
        }
    }
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

    #[tokio::test]
    async fn an_answer_says_what_is_in_the_file_also_where_the_disk_fails_at_the_last_moment() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path().join("data.redb")).unwrap();
        database.live.fail_next_sync();
        let answer = database.write(insert).await;
        assert_eq!(answer.is_ok(), is_there(&database), "{answer:?}");
        assert!(answer.is_ok(), "all of it was written before the sync that failed");
        database.write(insert).await.unwrap();
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
