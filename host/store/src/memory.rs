//! A store that holds its data sources in memory.

use crate::model::rules;
use crate::{
    Change, ChangeKind, DataSource, DataSourceKey, DataSourceStore, DeleteDataSource, Revision, SecretValues,
    StoreError, UpdateDataSource,
};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use tokio::sync::watch;

/// Two data sources of one org share what must be unique.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("org {org_id} has two data sources with {key}: give each its own")]
pub struct DuplicateError {
    /// The org.
    pub org_id: i64,
    /// The uid, id or name they share.
    pub key: DataSourceKey,
}

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

type Key = (i64, String);

#[derive(Clone, Debug, Default)]
struct State {
    revision: Revision,
    next_id: i64,
    by_uid: BTreeMap<Key, Arc<DataSource>>,
    /// The last change of each data source, by revision: enough for any watcher to catch up.
    changes: BTreeMap<Revision, (Key, ChangeKind)>,
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
        refuse_duplicates(&data_sources)?;
        self.state.send_modify(|state| *state = Arc::new(state.replaced_by(data_sources)));
        Ok(())
    }
}

fn refuse_duplicates(data_sources: &[DataSource]) -> Result<(), DuplicateError> {
    let mut seen = HashSet::new();
    for source in data_sources {
        let by_id = (source.id != 0).then_some((0, DataSourceKey::Id(source.id)));
        let by_uid = (source.org_id, DataSourceKey::Uid(source.uid.clone()));
        let by_name = (source.org_id, DataSourceKey::Name(source.name.clone()));
        for key in [by_uid, by_name].into_iter().chain(by_id) {
            if !seen.insert(key.clone()) {
                return Err(DuplicateError { org_id: source.org_id, key: key.1 });
            }
        }
    }
    Ok(())
}

impl State {
    fn replaced_by(&self, data_sources: Vec<DataSource>) -> Self {
        let highest = data_sources.iter().map(|source| source.id).max().unwrap_or_default();
        let mut next = Self { next_id: self.next_id.max(highest), by_uid: BTreeMap::new(), ..self.clone() };
        for mut source in data_sources {
            let key = (source.org_id, source.uid.clone());
            let before = self.by_uid.get(&key);
            if source.id == 0 {
                source.id = before.map_or_else(
                    || {
                        next.next_id = next.next_id.saturating_add(1);
                        next.next_id
                    },
                    |before| before.id,
                );
            }
            match before {
                Some(before) if same_but_for_version(before, &source) => {
                    next.by_uid.insert(key, Arc::clone(before));
                }
                _ => {
                    let floor = before.map_or(1, |before| before.version.saturating_add(1));
                    source.version = source.version.max(floor);
                    next.by_uid.insert(key.clone(), Arc::new(source));
                    next.record(key, ChangeKind::Put);
                }
            }
        }
        for key in self.by_uid.keys() {
            if !next.by_uid.contains_key(key) {
                next.record(key.clone(), ChangeKind::Deleted);
            }
        }
        next
    }

    fn record(&mut self, key: Key, kind: ChangeKind) {
        self.changes.retain(|_, (changed, _)| *changed != key);
        self.revision.0 = self.revision.0.saturating_add(1);
        self.changes.insert(self.revision, (key, kind));
    }

    /// The one under `key`, with its own.
    fn find(&self, org_id: i64, key: &DataSourceKey) -> Result<&Arc<DataSource>, StoreError> {
        let of_org = || self.of_org(org_id);
        let by_uid = |uid: &String| self.by_uid.get(&(org_id, uid.clone()));
        let by_id = |id: i64| of_org().find(|source| source.id == id);
        let by_name = |name: &String| of_org().find(|source| source.name == *name);
        let found = match key {
            DataSourceKey::Uid(uid) => by_uid(uid),
            DataSourceKey::Id(id) => by_id(*id),
            DataSourceKey::Name(name) => by_name(name),
            DataSourceKey::Any(text) => {
                let id = text.parse().ok();
                by_uid(text).or_else(|| by_id(id?)).or_else(|| by_name(text))
            }
        };
        found.ok_or_else(|| StoreError::NotFound { org_id, key: key.clone() })
    }

    fn of_org(&self, org_id: i64) -> impl Iterator<Item = &Arc<DataSource>> {
        self.by_uid.range((org_id, String::new())..).map(|(_, source)| source).take_while(move |s| s.org_id == org_id)
    }

    fn add(&mut self, source: DataSource) -> Result<Arc<DataSource>, StoreError> {
        let org = OrgOf { state: self, org_id: source.org_id };
        let mut source = rules::added(source, &org)?;
        self.next_id = self.next_id.saturating_add(1);
        source.id = self.next_id;
        Ok(self.put(source))
    }

    fn update(&mut self, update: UpdateDataSource) -> Result<Arc<DataSource>, StoreError> {
        let org_id = update.source.org_id;
        let before = Arc::clone(self.find(org_id, &update.key)?);
        let source = rules::updated(&before, update, &OrgOf { state: self, org_id })?;
        if source.uid != before.uid {
            self.remove(&before);
        }
        Ok(self.put(source))
    }

    fn delete(&mut self, delete: &DeleteDataSource) -> Result<Arc<DataSource>, StoreError> {
        let source = Arc::clone(self.find(delete.org_id, &delete.key)?);
        rules::deletable(&source, delete.author)?;
        self.remove(&source);
        Ok(source)
    }

    fn put(&mut self, source: DataSource) -> Arc<DataSource> {
        if source.is_default {
            self.clear_default(source.org_id, &source.uid);
        }
        let key = (source.org_id, source.uid.clone());
        let source = Arc::new(source);
        self.by_uid.insert(key.clone(), Arc::clone(&source));
        self.record(key, ChangeKind::Put);
        source
    }

    fn clear_default(&mut self, org_id: i64, but_for: &str) {
        let others = self.of_org(org_id).filter(|source| source.is_default && source.uid != but_for);
        for before in others.cloned().collect::<Vec<_>>() {
            let key = (org_id, before.uid.clone());
            let after = DataSource { is_default: false, ..DataSource::clone(&before) };
            self.by_uid.insert(key.clone(), Arc::new(after));
            self.record(key, ChangeKind::Put);
        }
    }

    fn remove(&mut self, source: &DataSource) {
        let key = (source.org_id, source.uid.clone());
        self.by_uid.remove(&key);
        self.record(key, ChangeKind::Deleted);
    }

    fn changes_after(&self, from: Revision) -> Vec<Change> {
        let later = self.changes.range((std::ops::Bound::Excluded(from), std::ops::Bound::Unbounded));
        later
            .map(|(revision, ((org_id, uid), kind))| Change {
                revision: *revision,
                org_id: *org_id,
                uid: uid.clone(),
                kind: *kind,
            })
            .collect()
    }
}

fn same_but_for_version(a: &DataSource, b: &DataSource) -> bool {
    *a == DataSource { version: a.version, ..b.clone() }
}

/// An org as the rules see it.
struct OrgOf<'a> {
    state: &'a State,
    org_id: i64,
}

impl rules::Org for OrgOf<'_> {
    fn has_uid(&self, uid: &str) -> Result<bool, StoreError> {
        Ok(self.state.by_uid.contains_key(&(self.org_id, uid.to_owned())))
    }

    fn has_name(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.state.of_org(self.org_id).any(|source| source.name == name))
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.state.of_org(self.org_id).next().is_none())
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
        Box::pin(std::future::ready(Ok(self.now().by_uid.values().cloned().collect())))
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
        Box::pin(std::future::ready(Ok(state.by_uid.values().filter(wanted).cloned().collect())))
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
            let changes = states.borrow_and_update().changes_after(from);
            let seen = changes.last().map_or(from, |change| change.revision);
            Some((stream::iter(changes), (states, seen)))
        });
        batches.flatten().boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn source(uid: &str) -> DataSource {
        DataSource::new(uid, format!("Name of {uid}"), "testdata")
    }

    fn ready<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("a memory store answers at once")
    }

    #[test]
    fn it_finds_by_uid_id_and_name_and_only_within_the_org() {
        let store = MemoryStore::new([source("a"), source("b"), DataSource { org_id: 2, ..source("c") }]).unwrap();
        for key in [DataSourceKey::uid("b"), DataSourceKey::Id(2), DataSourceKey::Name("Name of b".into())] {
            assert_eq!(ready(store.get(1, &key)).unwrap().uid, "b", "{key}");
            assert!(matches!(ready(store.get(2, &key)), Err(StoreError::NotFound { org_id: 2, .. })), "{key}");
        }
        assert!(ready(store.get(2, &DataSourceKey::Id(3))).is_ok());
    }

    #[test]
    fn the_list_is_by_lower_cased_name() {
        let named = |uid: &str, name: &str| DataSource::new(uid, name, "testdata");
        let store = MemoryStore::new([named("1", "beta"), named("2", "Alpha"), named("3", "alpine")]).unwrap();
        let names: Vec<_> = ready(store.list(1)).unwrap().iter().map(|source| source.name.clone()).collect();
        assert_eq!(names, ["Alpha", "alpine", "beta"]);
    }

    #[test]
    fn a_shared_uid_name_or_id_is_refused_within_an_org() {
        let error = MemoryStore::new([source("a"), source("a")]).unwrap_err();
        assert_eq!(error.to_string(), "org 1 has two data sources with uid \"a\": give each its own");
        let same_name = DataSource { name: "Name of a".into(), ..source("b") };
        assert_eq!(
            MemoryStore::new([source("a"), same_name]).unwrap_err().key,
            DataSourceKey::Name("Name of a".into())
        );
        let with_id = |uid| DataSource { id: 7, ..source(uid) };
        assert_eq!(MemoryStore::new([with_id("a"), with_id("b")]).unwrap_err().key, DataSourceKey::Id(7));
        assert!(MemoryStore::new([source("a"), DataSource { org_id: 2, ..source("a") }]).is_ok());
    }

    #[test]
    fn what_a_person_types_is_a_uid_else_an_id_else_a_name() {
        let named = |uid: &str, name: &str| DataSource::new(uid, name, "testdata");
        let store = MemoryStore::new([named("1", "2"), named("b", "1"), named("c", "x")]).unwrap();
        let uid = |text: &str| ready(store.get(1, &DataSourceKey::Any(text.into()))).map(|source| source.uid.clone());
        assert_eq!([uid("1").unwrap(), uid("2").unwrap(), uid("x").unwrap()], ["1", "b", "c"]);
        assert!(uid("y").unwrap_err().to_string().contains("uid, id or name \"y\""));
    }

    #[test]
    fn a_change_raises_the_version_and_keeps_the_id_while_no_change_keeps_all() {
        let store = MemoryStore::new([source("a"), source("b")]).unwrap();
        let before = ready(store.get(1, &DataSourceKey::uid("a"))).unwrap();
        store.replace([source("a").with_url("http://new"), source("b")]).unwrap();
        let a = ready(store.get(1, &DataSourceKey::uid("a"))).unwrap();
        let b = ready(store.get(1, &DataSourceKey::uid("b"))).unwrap();
        assert_eq!((a.version, a.id, b.version), (before.version + 1, before.id, 1));
    }

    #[test]
    fn a_watcher_sees_what_was_there_what_changes_and_what_goes() {
        let store = MemoryStore::new([source("a"), source("b")]).unwrap();
        let mut changes = store.watch(Revision::default());
        let mut next = || changes.next().now_or_never().map(Option::unwrap);
        assert_eq!(next().map(|change| (change.uid, change.kind)), Some(("a".into(), ChangeKind::Put)));
        assert_eq!(next().map(|change| (change.uid, change.kind)), Some(("b".into(), ChangeKind::Put)));
        assert_eq!(next(), None);
        store.replace([source("b").with_url("http://new")]).unwrap();
        assert_eq!(next().map(|change| (change.uid, change.kind)), Some(("b".into(), ChangeKind::Put)));
        let last = next().unwrap();
        assert_eq!((last.uid.as_str(), last.kind), ("a", ChangeKind::Deleted));
        assert_eq!(next(), None);
        assert_eq!(store.watch(last.revision).next().now_or_never(), None);
        drop(store);
        assert_eq!(changes.next().now_or_never(), Some(None));
    }
}
