//! What is known of every plugin, running or not: the metadata that lists, editors and type checks read.

use crate::{LoadError, Manifest, PluginType};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Where a plugin came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginOrigin {
    /// Compiled into the host.
    Core,
    /// Handed over as bytes, under this name.
    Bytes(String),
    /// A file.
    File(PathBuf),
}

/// One plugin's metadata.
#[derive(Clone, Debug)]
pub struct PluginRecord {
    /// Its manifest.
    pub manifest: Arc<Manifest>,
    /// Where it came from.
    pub origin: PluginOrigin,
    /// SHA-256 of file and sidecar, in hex: the same on every host. Core plugins have none.
    pub hash: Option<String>,
    /// Whether it answers calls here. Front-end plugins (panels, apps without a back end) do not.
    pub has_backend: bool,
}

/// A file that was refused.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// The file.
    pub path: PathBuf,
    /// Why, and what to do.
    pub error: Arc<LoadError>,
}

/// Metadata of back-end and front-end plugins, by id.
#[derive(Debug, Default)]
pub struct PluginStore {
    records: RwLock<BTreeMap<String, Arc<PluginRecord>>>,
    rejections: RwLock<BTreeMap<PathBuf, Rejection>>,
}

impl PluginStore {
    /// Every plugin, by id.
    pub fn list(&self) -> Vec<Arc<PluginRecord>> {
        self.records.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Those of one type.
    pub fn list_type(&self, plugin_type: PluginType) -> Vec<Arc<PluginRecord>> {
        self.list().into_iter().filter(|record| record.manifest.plugin_type == plugin_type).collect()
    }

    /// The plugin with this id or alias.
    pub fn get(&self, name: &str) -> Option<Arc<PluginRecord>> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let by_alias = || records.values().find(|record| record.manifest.answers_to(name));
        records.get(name).or_else(by_alias).cloned()
    }

    /// The data-source plugin that `type` names: what a data source's type must be.
    pub fn data_source_type(&self, name: &str) -> Option<Arc<PluginRecord>> {
        self.get(name).filter(|record| record.manifest.plugin_type == PluginType::Datasource)
    }

    /// Files that were refused, with the reason.
    pub fn rejections(&self) -> Vec<Rejection> {
        self.rejections.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(crate) fn insert(&self, record: PluginRecord) {
        if let PluginOrigin::File(path) = &record.origin {
            self.rejections.write().unwrap_or_else(PoisonError::into_inner).remove(path);
        }
        let id = record.manifest.id.clone();
        self.records.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::new(record));
    }

    /// The plugin became this code, wherever it is from.
    pub(crate) fn became(&self, manifest: &Arc<Manifest>, hash: &str) {
        if let Some(record) = self.get(&manifest.id) {
            let (manifest, hash) = (manifest.clone(), Some(hash.to_owned()));
            self.insert(PluginRecord { manifest, hash, ..PluginRecord::clone(&record) });
        }
    }

    pub(crate) fn remove(&self, id: &str) {
        self.records.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// A file that was refused is gone.
    pub(crate) fn forgive(&self, path: &Path) {
        self.rejections.write().unwrap_or_else(PoisonError::into_inner).remove(path);
    }

    pub(crate) fn reject(&self, path: PathBuf, error: Arc<LoadError>) {
        let rejection = Rejection { path: path.clone(), error };
        self.rejections.write().unwrap_or_else(PoisonError::into_inner).insert(path, rejection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_is_listed_and_is_no_data_source_type() {
        let store = PluginStore::default();
        let panel = Manifest::frontend_from_json(br#"{"id":"clock-panel","name":"Clock","type":"panel"}"#).unwrap();
        for manifest in [panel, Manifest::core("zero", "Zero", "1.0.0")] {
            let has_backend = manifest.backend;
            store.insert(PluginRecord {
                manifest: Arc::new(manifest),
                origin: PluginOrigin::Core,
                hash: None,
                has_backend,
            });
        }
        assert_eq!(store.list().len(), 2);
        assert_eq!(store.list_type(PluginType::Panel).len(), 1);
        assert!(store.get("clock-panel").is_some() && store.data_source_type("clock-panel").is_none());
        assert!(store.data_source_type("zero").is_some());
    }
}
