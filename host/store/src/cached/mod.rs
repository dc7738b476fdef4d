//! A cache in front of a store: what was read lately is read again without asking.
//!
//! Its own commands are seen by its next answer. Those of others (a second store on the same data) are seen as soon as the
//! change feed tells of them, and in any case when the time to live is over.

mod cache;

use crate::{
    Change, ChangeKind, DataSource, DataSourceKey, DataSourceStore, DeleteDataSource, Revision, SecretValues,
    StoreError, UpdateDataSource,
};
use cache::DataSources;
use futures::StreamExt;
use futures::future::{BoxFuture, ready};
use futures::stream::BoxStream;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// A store whose [`get`](DataSourceStore::get) by uid and by id is answered from memory where it can be. That a data source
/// is not there is never remembered.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use wellhead_store::{CachedStore, DataSource, DataSourceKey, DataSourceStore, MemoryStore};
///
/// let store = CachedStore::new(Arc::new(MemoryStore::new([DataSource::new("prom", "Prometheus", "prometheus")])?));
/// let key = DataSourceKey::uid("prom");
/// let first = store.get(1, &key).await.unwrap();
/// assert!(Arc::ptr_eq(&first, &store.get(1, &key).await.unwrap()));
/// let uncached = store.uncached().get(1, &key).await.unwrap();
/// assert_eq!(uncached, first);
/// # Ok::<(), wellhead_store::DuplicateError>(()) }).unwrap();
/// ```
pub struct CachedStore<S: ?Sized> {
    cache: Arc<DataSources>,
    follower: AbortHandle,
    inner: Arc<S>,
}

/// For how long an answer is good where nobody tells of a change.
const TTL: Duration = Duration::from_secs(5);
/// How many data sources are held: all that live instances can be of, with room to spare.
const CAPACITY: usize = 10_000;

impl<S: DataSourceStore + ?Sized> CachedStore<S> {
    /// A cache of five seconds in front of `inner`. Must be called within a tokio runtime, on which it follows changes.
    pub fn new(inner: Arc<S>) -> Self {
        Self::with_ttl(inner, TTL)
    }

    /// A cache whose answers are good for `ttl` at most; none where that is zero.
    pub fn with_ttl(inner: Arc<S>, ttl: Duration) -> Self {
        let cache = Arc::new(DataSources::new(ttl, CAPACITY));
        let changes = inner.watch(Revision::default());
        let follower = tokio::spawn(follow(changes, Arc::clone(&cache))).abort_handle();
        Self { cache, follower, inner }
    }

    /// The store behind the cache: for whoever must not get an answer of some seconds ago.
    pub fn uncached(&self) -> &Arc<S> {
        &self.inner
    }

    fn cached(&self, org_id: i64, key: &DataSourceKey) -> Option<Arc<DataSource>> {
        match key {
            // A uid comes before an id and a name.
            DataSourceKey::Uid(uid) | DataSourceKey::Any(uid) => self.cache.by_uid(org_id, uid),
            DataSourceKey::Id(id) => self.cache.by_id(org_id, *id),
            DataSourceKey::Name(_) => None,
        }
    }

    async fn get_and_keep(&self, org_id: i64, key: &DataSourceKey) -> Result<Arc<DataSource>, StoreError> {
        let asked = self.cache.asking();
        let found = self.inner.get(org_id, key).await?;
        self.cache.keep(asked, &found);
        Ok(found)
    }
}

async fn follow(mut changes: BoxStream<'static, Change>, cache: Arc<DataSources>) {
    while let Some(change) = changes.next().await {
        match change.kind {
            ChangeKind::Put | ChangeKind::Deleted => cache.drop_one(change.org_id, &change.uid),
            ChangeKind::Reset => cache.drop_all(),
        }
    }
}

/// Drops what a command may have changed, also where its caller stops waiting: the store goes on to its end.
struct Changing<'a> {
    cache: &'a DataSources,
    /// The only one it changes, where that is known.
    only: Option<(i64, String)>,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        match &self.only {
            Some((org_id, uid)) => self.cache.drop_one(*org_id, uid),
            None => self.cache.drop_all(),
        }
    }
}

impl<S: DataSourceStore + ?Sized> DataSourceStore for CachedStore<S> {
    fn get<'a>(&'a self, org_id: i64, key: &'a DataSourceKey) -> BoxFuture<'a, Result<Arc<DataSource>, StoreError>> {
        match self.cached(org_id, key) {
            Some(source) => Box::pin(ready(Ok(source))),
            None => Box::pin(self.get_and_keep(org_id, key)),
        }
    }

    fn list(&self, org_id: i64) -> BoxFuture<'_, Result<Vec<Arc<DataSource>>, StoreError>> {
        self.inner.list(org_id)
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<Arc<DataSource>>, StoreError>> {
        self.inner.all()
    }

    fn of_type<'a>(
        &'a self,
        org_id: Option<i64>,
        plugin_ids: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Arc<DataSource>>, StoreError>> {
        self.inner.of_type(org_id, plugin_ids)
    }

    fn add(&self, source: DataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>> {
        // One that is to be the default takes that from another.
        let only = (!source.is_default).then(|| (source.org_id, source.uid.clone()));
        Box::pin(async move {
            let _changing = Changing { cache: &self.cache, only };
            self.inner.add(source).await
        })
    }

    fn update(&self, update: UpdateDataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>> {
        let only = match &update.key {
            DataSourceKey::Uid(uid) if !update.source.is_default && [uid, ""].contains(&update.source.uid.as_str()) => {
                Some((update.source.org_id, uid.clone()))
            }
            _ => None,
        };
        Box::pin(async move {
            let _changing = Changing { cache: &self.cache, only };
            self.inner.update(update).await
        })
    }

    fn delete(&self, delete: DeleteDataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>> {
        let only = match &delete.key {
            DataSourceKey::Uid(uid) => Some((delete.org_id, uid.clone())),
            _ => None,
        };
        Box::pin(async move {
            let _changing = Changing { cache: &self.cache, only };
            self.inner.delete(delete).await
        })
    }

    fn open_secrets<'a>(&'a self, source: &'a DataSource) -> BoxFuture<'a, Result<SecretValues, StoreError>> {
        self.inner.open_secrets(source)
    }

    fn watch(&self, from: Revision) -> BoxStream<'static, Change> {
        self.inner.watch(from)
    }
}

impl<S: ?Sized> Drop for CachedStore<S> {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl<S: ?Sized + fmt::Debug> fmt::Debug for CachedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedStore").field("inner", &self.inner).finish_non_exhaustive()
    }
}
