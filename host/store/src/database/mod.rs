//! The one file that everything durable is kept in: opening, schema version, transactions.
//!
//! What the tables mean is left to the modules that own them. A write is one transaction: it happens as a whole and is on
//! disk when it is answered, or it did not happen.

mod error;
mod schema;

pub use error::DatabaseError;

use redb::{Durability, ReadTransaction, ReadableDatabase, WriteTransaction};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Memory for pages that were read. The whole of ten thousand data sources fits.
const CACHE_BYTES: usize = 64 << 20;

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
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    redb: redb::Database,
    path: Option<PathBuf>,
    /// redb has one writer and lets the others block their threads: here they wait without one.
    writer: tokio::sync::Mutex<()>,
}

impl Database {
    /// Opens the file at `path`, made with mode 0600 where it is missing, and brings its schema up to date. Blocks.
    ///
    /// # Errors
    /// [`DatabaseError`], where another process has it open, it is damaged or from a newer Wellhead, among others.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DatabaseError> {
        let path = path.as_ref();
        let at = |source: redb::DatabaseError| DatabaseError::opening(path, source);
        let backend = redb::backends::FileBackend::new(own_file(path)?).map_err(at)?;
        let redb = builder().create_with_backend(backend).map_err(at)?;
        Self::prepared(redb, Some(path.to_owned()))
    }

    /// One that is gone with its last clone.
    ///
    /// # Errors
    /// [`DatabaseError`], where there is no memory for it.
    pub fn in_memory() -> Result<Self, DatabaseError> {
        let backend = redb::backends::InMemoryBackend::new();
        let redb = builder().create_with_backend(backend).map_err(|e| DatabaseError::opening(Path::new(""), e))?;
        Self::prepared(redb, None)
    }

    fn prepared(redb: redb::Database, path: Option<PathBuf>) -> Result<Self, DatabaseError> {
        schema::migrate(&redb, schema::MIGRATIONS)?;
        Ok(Self { inner: Arc::new(Inner { redb, path, writer: tokio::sync::Mutex::default() }) })
    }

    /// Where it is kept, if on disk.
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// Reads from one point in time. Takes microseconds where the pages are in memory, so that it runs where it is called;
    /// whoever reads much puts it on a thread that may block.
    ///
    /// # Errors
    /// What `read` says, or [`DatabaseError`].
    pub fn read<T, E>(&self, read: impl FnOnce(&ReadTransaction) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DatabaseError>,
    {
        let transaction = self.inner.redb.begin_read().map_err(DatabaseError::from)?;
        read(&transaction)
    }

    /// Writes in one transaction, one after the other. What `write` did is on disk once this is answered, and is undone
    /// where it gives an error. Goes on to its end where the caller stops waiting.
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
        let database = self.clone();
        let _turn = self.inner.writer.lock().await;
        let written = tokio::task::spawn_blocking(move || database.write_now(write)).await;
        written.unwrap_or_else(|_| Err(DatabaseError::Interrupted.into()))
    }

    fn write_now<T, E>(&self, write: impl FnOnce(&WriteTransaction) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DatabaseError>,
    {
        let mut transaction = self.inner.redb.begin_write().map_err(DatabaseError::from)?;
        transaction.set_durability(Durability::Immediate).map_err(DatabaseError::from)?;
        let answer = write(&transaction)?;
        transaction.commit().map_err(DatabaseError::from)?;
        Ok(answer)
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

fn builder() -> redb::Builder {
    let mut builder = redb::Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// The file, for its owner only: it holds password hashes and sealed secrets.
fn own_file(path: &Path) -> Result<std::fs::File, DatabaseError> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|source| DatabaseError::File { path: path.to_owned(), source })
}
