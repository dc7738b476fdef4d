//! A store that holds its data sources in memory.

mod duplicate;
mod feed;
mod state;

pub use duplicate::DuplicateError;

use crate::{
    Change, DataSource, DataSourceKey, DataSourceStore, DeleteDataSource, Revision, SecretValues, StoreError,
    UpdateDataSource,
};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use state::State;
use std::sync::Arc;
use tokio::sync::watch;

/// Data sources in memory, changed one by one or replaced as a whole. Secrets are kept as they are.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use wellhead_store::{DataSource, DataSourceKey, DataSourceStore, MemoryStore};
///
/// let store = MemoryStore::new([DataSource::new("prom", "Prometheus", "prometheus")])?;
/// let found = store.get(1, &DataSourceKey::uid("prom")).await.unwrap();
/// assert_eq!(found.id, 1);
/// # Ok::<(), wellhead_store::DuplicateError>(()) }).unwrap();
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: watch::Sender<Arc<State>>,
}

impl MemoryStore {
    /// A store of these. An id of 0 is replaced by the next free one, in the order given.
    ///
    /// # Errors
    /// [`DuplicateError`] where two of one org share uid or name, or two share an id.
    pub fn new(data_sources: impl IntoIterator<Item = DataSource>) -> Result<Self, DuplicateError> {
        let store = Self::default();
        store.replace(data_sources)?;
        Ok(store)
    }

    /// Puts these in the place of all there were. One that differs from its predecessor gets a higher version than
    /// that, so that running instances are replaced; one that does not stays as it is.
    ///
    /// # Errors
    /// [`DuplicateError`]; the store is then unchanged.
    pub fn replace(&self, data_sources: impl IntoIterator<Item = DataSource>) -> Result<(), DuplicateError> {
        let data_sources: Vec<_> = data_sources.into_iter().collect();
        duplicate::refuse(&data_sources)?;
        self.state.send_modify(|state| *state = Arc::new(state.replaced_by(data_sources)));
        Ok(())
    }
}

impl MemoryStore {
    fn now(&self) -> Arc<State> {
        Arc::clone(&self.state.borrow())
    }

    /// Carries out a command, which changes nothing where it fails. Watchers hear of it where it succeeded.
    fn change<T>(
        &self,
        command: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> BoxFuture<'_, Result<T, StoreError>>
    where
        T: Send + 'static,
    {
        let mut result = None;
        self.state.send_if_modified(|state| {
            let answer = command(Arc::make_mut(state));
            result.insert(answer).is_ok()
        });
        let closed = || StoreError::Backend("the memory store is gone".into());
        Box::pin(std::future::ready(result.unwrap_or_else(|| Err(closed()))))
    }
}

impl DataSourceStore for MemoryStore {
    fn get<'a>(&'a self, org_id: i64, key: &'a DataSourceKey) -> BoxFuture<'a, Result<Arc<DataSource>, StoreError>> {
        Box::pin(std::future::ready(self.now().find(org_id, key).cloned()))
    }

    fn list(&self, org_id: i64) -> BoxFuture<'_, Result<Vec<Arc<DataSource>>, StoreError>> {
        let mut list: Vec<_> = self.now().of_org(org_id).cloned().collect();
        list.sort_by_cached_key(|source| source.name.to_lowercase());
        Box::pin(std::future::ready(Ok(list)))
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<Arc<DataSource>>, StoreError>> {
        Box::pin(std::future::ready(Ok(self.now().all().cloned().collect())))
    }

    fn of_type<'a>(
        &'a self,
        org_id: Option<i64>,
        plugin_ids: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Arc<DataSource>>, StoreError>> {
        let state = self.now();
        let wanted = |source: &&Arc<DataSource>| {
            org_id.is_none_or(|org_id| source.org_id == org_id) && plugin_ids.contains(&source.plugin_id)
        };
        Box::pin(std::future::ready(Ok(state.all().filter(wanted).cloned().collect())))
    }

    fn add(&self, source: DataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>> {
        self.change(|state| state.add(source))
    }

    fn update(&self, update: UpdateDataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>> {
        self.change(|state| state.update(update))
    }

    fn delete(&self, delete: DeleteDataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>> {
        self.change(|state| state.delete(&delete))
    }

    fn open_secrets<'a>(&'a self, source: &'a DataSource) -> BoxFuture<'a, Result<SecretValues, StoreError>> {
        Box::pin(std::future::ready(Ok(source.secure_json_data.to_values())))
    }

    fn watch(&self, from: Revision) -> BoxStream<'static, Change> {
        let mut states = self.state.subscribe();
        // What is there already counts as a change, or a watcher would miss what happened before it came.
        states.mark_changed();
        let batches = stream::unfold((states, from), |(mut states, from)| async move {
            states.changed().await.ok()?;
            let changes = states.borrow_and_update().feed.after(from);
            let seen = changes.last().map_or(from, |change| change.revision);
            Some((stream::iter(changes), (states, seen)))
        });
        batches.flatten().boxed()
    }
}

#[cfg(test)]
mod tests;
