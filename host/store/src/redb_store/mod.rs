//! A store that keeps its data sources in one file, with their secrets encrypted.
//!
//! Every command is one write transaction that looks at what it changes, so what is unique stays so, the version check and the
//! write are one step, and a crash leaves either the old state or the new. What is in the tables is in
//! [`tables`]; how the file is opened, backed up and mended is [`Database`]'s affair.

mod check;
mod commands;
mod feed;
mod lookup;
mod open;
mod record;
mod sealing;
mod tables;

pub(crate) use tables::create as create_tables;

use crate::{
    Change, DataSource, DataSourceKey, DataSourceStore, Database, DatabaseError, DeleteDataSource, Revision,
    SecretValues, StoreError, UpdateDataSource,
};
use futures::future::{BoxFuture, ready};
use futures::stream::BoxStream;
use lookup::Lookup;
use redb::{ReadTransaction, ReadableTableMetadata};
use sealing::Sealing;
use std::fmt;
use std::sync::Arc;
use tables::Tables;
use tokio::sync::watch;
use wellhead_secrets::{OrgKey, SecretService};

/// Lists of a store with more rows than this are read on a thread that may block: some 2 µs a row.
const READ_INLINE: u64 = 256;

/// Data sources in a [`Database`]. Cheap to clone; a database has one store, so that watchers hear of every change.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use wellhead_store::{DataSource, DataSourceKey, DataSourceStore, RedbStore};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("data.redb");
/// let store = RedbStore::open(&path).await?;
/// store.add(DataSource::new("prom", "Prometheus", "prometheus").with_secret("token", "hunter2!")).await?;
///
/// let found = store.get(1, &DataSourceKey::uid("prom")).await?;
/// assert_eq!(format!("{:?}", found.secure_json_data), r#"{"token"}"#);
/// assert_eq!(store.open_secrets(&found).await?.iter().collect::<Vec<_>>(), [("token", "hunter2!")]);
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct RedbStore {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    secrets: Arc<dyn SecretService>,
    commits: watch::Sender<()>,
}

impl RedbStore {
    /// The data sources of `database`, with their secrets under the keys of `secrets`.
    pub fn new(database: Database, secrets: Arc<dyn SecretService>) -> Self {
        Self { shared: Arc::new(Shared { database, secrets, commits: watch::Sender::default() }) }
    }

    /// Where they are kept: for backups, and for others who keep something in the same file.
    pub fn database(&self) -> &Database {
        &self.shared.database
    }

    /// Reads every row and index, and gives what does not fit: nothing, unless the file was changed by others.
    ///
    /// # Errors
    /// [`StoreError::Backend`].
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.shared.database.read_much(check::problems).await?)
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, StoreError>,
    ) -> BoxFuture<'_, Result<T, StoreError>>
    where
        T: Send + 'static,
    {
        Box::pin(ready(self.shared.database.read(read)))
    }

    /// Reads rows inline where there are few in all.
    async fn read_rows(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<Vec<Arc<DataSource>>, DatabaseError> + Send + 'static,
    ) -> Result<Vec<Arc<DataSource>>, StoreError> {
        let database = &self.shared.database;
        let rows = |transaction: &ReadTransaction| -> Result<_, DatabaseError> {
            Ok(transaction.open_table(tables::RECORDS)?.len()?)
        };
        let inline = database.read(rows)? <= READ_INLINE;
        Ok(if inline { database.read(read) } else { database.read_much(read).await }?)
    }

    /// Carries out a command. Watchers look for changes where it failed, too: a disk may fail after it has written.
    async fn change(
        &self,
        command: impl FnOnce(&mut Tables<'_>) -> Result<DataSource, StoreError> + Send + 'static,
    ) -> Result<Arc<DataSource>, StoreError> {
        // Goes on to its end where the caller stops waiting, and so does telling of it.
        let shared = Arc::clone(&self.shared);
        let work = async move {
            let answer = shared.database.write(|transaction| command(&mut Tables::open(transaction)?)).await;
            shared.commits.send_replace(());
            answer.map(Arc::new)
        };
        tokio::spawn(work).await.unwrap_or_else(|_| Err(DatabaseError::Interrupted.into()))
    }

    /// The key of an org, where `wanted`: making one writes to the disk.
    async fn sealing(&self, org_id: i64, wanted: bool) -> Result<Sealing, StoreError> {
        let key: Option<Arc<dyn OrgKey>> = if wanted { Some(self.shared.secrets.org_key(org_id).await?) } else { None };
        Ok(Sealing::with(key))
    }
}

impl DataSourceStore for RedbStore {
    fn get<'a>(&'a self, org_id: i64, key: &'a DataSourceKey) -> BoxFuture<'a, Result<Arc<DataSource>, StoreError>> {
        self.read(|transaction| transaction.find(org_id, key).map(Arc::new))
    }

    fn list(&self, org_id: i64) -> BoxFuture<'_, Result<Vec<Arc<DataSource>>, StoreError>> {
        Box::pin(self.read_rows(move |transaction| lookup::list(transaction, org_id)))
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<Arc<DataSource>>, StoreError>> {
        Box::pin(self.read_rows(lookup::all))
    }

    fn of_type<'a>(
        &'a self,
        org_id: Option<i64>,
        plugin_ids: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Arc<DataSource>>, StoreError>> {
        let plugin_ids = plugin_ids.to_vec();
        Box::pin(self.read_rows(move |transaction| lookup::of_type(transaction, org_id, &plugin_ids)))
    }

    fn add(&self, source: DataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>> {
        Box::pin(async move {
            let sealing = self.sealing(source.org_id, !source.secure_json_data.is_empty()).await?;
            self.change(move |tables| tables.add(source, &sealing)).await
        })
    }

    fn update(&self, update: UpdateDataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>> {
        Box::pin(async move {
            let org_id = update.source.org_id;
            // Outside the transaction, and so only a guess at what it will need: a key too many does no harm.
            let before = self.get(org_id, &update.key).await?;
            let any = !update.source.secure_json_data.is_empty() || !before.secure_json_data.is_empty();
            let sealing = self.sealing(org_id, any).await?;
            self.change(move |tables| tables.update(update, &sealing)).await
        })
    }

    fn delete(&self, delete: DeleteDataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>> {
        Box::pin(self.change(move |tables| tables.delete(&delete)))
    }

    fn open_secrets<'a>(&'a self, source: &'a DataSource) -> BoxFuture<'a, Result<SecretValues, StoreError>> {
        Box::pin(async move {
            if source.secure_json_data.is_empty() {
                return Ok(SecretValues::default());
            }
            let key = self.shared.secrets.org_key(source.org_id).await?;
            sealing::open(key.as_ref(), source)
        })
    }

    fn watch(&self, from: Revision) -> BoxStream<'static, Change> {
        feed::watch(&self.shared, from)
    }
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").field("database", &self.shared.database).finish_non_exhaustive()
    }
}
