//! Everything a memory store holds, and what commands make of it.

use super::feed::Feed;
use crate::model::rules;
use crate::{ChangeKind, DataSource, DataSourceKey, DeleteDataSource, StoreError, UpdateDataSource};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) type Key = (i64, String);

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    next_id: i64,
    by_uid: BTreeMap<Key, Arc<DataSource>>,
    pub(super) feed: Feed,
}

impl State {
    pub(super) fn replaced_by(&self, data_sources: Vec<DataSource>) -> Self {
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
                    next.feed.record(key, ChangeKind::Put);
                }
            }
        }
        for key in self.by_uid.keys() {
            if !next.by_uid.contains_key(key) {
                next.feed.record(key.clone(), ChangeKind::Deleted);
            }
        }
        next
    }

    /// All of them, by org and uid.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<DataSource>> {
        self.by_uid.values()
    }

    /// The one under `key`, with its own.
    pub(super) fn find(&self, org_id: i64, key: &DataSourceKey) -> Result<&Arc<DataSource>, StoreError> {
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

    pub(super) fn of_org(&self, org_id: i64) -> impl Iterator<Item = &Arc<DataSource>> {
        self.by_uid.range((org_id, String::new())..).map(|(_, source)| source).take_while(move |s| s.org_id == org_id)
    }

    pub(super) fn add(&mut self, source: DataSource) -> Result<Arc<DataSource>, StoreError> {
        let org = OrgOf { state: self, org_id: source.org_id };
        let mut source = rules::added(source, &org)?;
        self.next_id = self.next_id.saturating_add(1);
        source.id = self.next_id;
        Ok(self.put(source))
    }

    pub(super) fn update(&mut self, update: UpdateDataSource) -> Result<Arc<DataSource>, StoreError> {
        let org_id = update.source.org_id;
        let before = Arc::clone(self.find(org_id, &update.key)?);
        let source = rules::updated(&before, update, &OrgOf { state: self, org_id })?;
        if source.uid != before.uid {
            self.remove(&before);
        }
        Ok(self.put(source))
    }

    pub(super) fn delete(&mut self, delete: &DeleteDataSource) -> Result<Arc<DataSource>, StoreError> {
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
        self.feed.record(key, ChangeKind::Put);
        source
    }

    fn clear_default(&mut self, org_id: i64, but_for: &str) {
        let others = self.of_org(org_id).filter(|source| source.is_default && source.uid != but_for);
        for before in others.cloned().collect::<Vec<_>>() {
            let key = (org_id, before.uid.clone());
            let after = DataSource { is_default: false, ..DataSource::clone(&before) };
            self.by_uid.insert(key.clone(), Arc::new(after));
            self.feed.record(key, ChangeKind::Put);
        }
    }

    fn remove(&mut self, source: &DataSource) {
        let key = (source.org_id, source.uid.clone());
        self.by_uid.remove(&key);
        self.feed.record(key, ChangeKind::Deleted);
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
