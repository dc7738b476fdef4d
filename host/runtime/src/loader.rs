//! From files and bytes to registered plugins, and from changed ones to new generations.
//!
//! Which file is which plugin is decided here; how a plugin changes its code is the plugin's own business.

use crate::events::Events;
use crate::load::{self, Candidate};
use crate::wasm::{Change, WasmHost, WasmPlugin};
use crate::{
    Limits, LoadError, Manifest, OperatorState, Plugin, PluginChange, PluginError, PluginOrigin, PluginRecord,
    PluginStore, Registry, RegistryError,
};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use tokio::task;

/// One per runtime.
pub(crate) struct Loader {
    host: Arc<WasmHost>,
    limits: Arc<Limits>,
    registry: Arc<Registry>,
    store: Arc<PluginStore>,
    events: Events,
    plugins: Mutex<BTreeMap<String, Arc<WasmPlugin>>>,
    /// What operators said of plugins before this process, until those are loaded.
    said_before: Mutex<HashMap<String, OperatorState>>,
    /// Plugins whose code is compiled when there is time.
    compile_later: mpsc::UnboundedSender<Arc<WasmPlugin>>,
}

/// Whether what cannot be loaded is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tell {
    /// Yes: the file is final.
    All,
    /// No: it may still be being written.
    GoodNews,
}

/// What a file became.
pub(crate) type Loaded = Result<Arc<Manifest>, Arc<LoadError>>;

impl Loader {
    pub(crate) fn new(
        host: Arc<WasmHost>,
        limits: Arc<Limits>,
        registry: Arc<Registry>,
        store: Arc<PluginStore>,
        events: Events,
        said_before: HashMap<String, OperatorState>,
    ) -> Arc<Self> {
        let (compile_later, mut later) = mpsc::unbounded_channel::<Arc<WasmPlugin>>();
        tokio::spawn(async move {
            while let Some(plugin) = later.recv().await {
                // What is wrong is told as a rejection.
                let _ = plugin.start().await;
            }
        });
        let (plugins, said_before) = (Mutex::default(), Mutex::new(said_before));
        Arc::new(Self { host, limits, registry, store, events, plugins, said_before, compile_later })
    }

    /// Loads a file, or loads it again: new code of a plugin that is there becomes its next generation.
    pub(crate) async fn file(&self, path: &Path, tell: Tell, by_hand: bool) -> Loaded {
        let (file, limits) = (path.to_owned(), self.limits.clone());
        let is_component = path.extension().is_some_and(|extension| extension == "wasm");
        if !is_component {
            let loaded = self.frontend(path);
            return loaded.map_err(|error| self.refused(path, error, tell));
        }
        let read = task::spawn_blocking(move || Candidate::from_file(&file, &limits)).await;
        let loaded = match joined(read, path) {
            Ok(candidate) => {
                let name = path.display().to_string();
                self.candidate(&name, candidate, PluginOrigin::File(path.to_owned()), by_hand).await
            }
            Err(error) => Err(error),
        };
        loaded.map_err(|error| self.refused(path, error, tell))
    }

    /// Takes what was read and checked.
    pub(crate) async fn candidate(
        &self,
        name: &str,
        candidate: Candidate,
        origin: PluginOrigin,
        by_hand: bool,
    ) -> Result<Arc<Manifest>, LoadError> {
        let taken = |error| LoadError::Registry { name: name.to_owned(), error };
        let manifest = candidate.manifest.clone();
        self.registry.may_become(&manifest).map_err(taken)?;
        let hash = candidate.hash.clone();
        let plugin = self.plugin(&manifest.id);
        match plugin {
            Some(plugin) => {
                self.may_replace(&manifest.id, &origin).map_err(taken)?;
                match plugin.replace(candidate, by_hand).await {
                    Change::Done | Change::Same => self.moved(&manifest.id, &origin),
                    Change::Waits(why) => {
                        tracing::info!(target: "wellhead::runtime", plugin = manifest.id, "new code waits: {why}");
                    }
                    Change::Rejected(reason) => {
                        return Err(LoadError::Rejected { name: name.to_owned(), reason });
                    }
                }
            }
            None => {
                let plugin = WasmPlugin::new(self.host.clone(), manifest.clone(), self.store.clone());
                let said = self.said_before.lock().unwrap_or_else(PoisonError::into_inner).remove(&manifest.id);
                let has_begun = plugin.begin(candidate, said.unwrap_or_default());
                self.registry.add(plugin.clone()).map_err(taken)?;
                self.plugins().insert(manifest.id.clone(), plugin.clone());
                let (manifest, origin) = (manifest.clone(), origin.clone());
                self.store.insert(PluginRecord {
                    manifest,
                    origin,
                    hash: has_begun.then_some(hash),
                    has_backend: true,
                });
                // Nobody is there to take it only where the runtime ends.
                let _ = self.compile_later.send(plugin);
            }
        }
        self.renamed(&manifest.id, &origin).await;
        Ok(manifest)
    }

    /// A file is gone: its plugin serves no longer, and a file that had to stand back for it may come in.
    pub(crate) async fn gone(&self, path: &Path) {
        self.store.forgive(path);
        let Some(record) = self.of_file(path) else { return };
        let reason = format!("its file {} was deleted; put it back to use it again", path.display());
        match self.plugin(&record.manifest.id) {
            Some(plugin) => plugin.retire(&reason).await,
            None => self.store.remove(&record.manifest.id),
        }
        for rejection in self.store.rejections() {
            if matches!(&*rejection.error, LoadError::Registry { .. }) {
                // What is still wrong is told again.
                let _ = self.file(&rejection.path, Tell::All, false).await;
            }
        }
    }

    /// Takes a plugin out: its calls finish within their drain deadline, new ones are refused.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), PluginError> {
        let plugin = self.registry.remove(id)?;
        self.store.remove(id);
        self.plugins().remove(id);
        let stopped = plugin.stop().await;
        self.events.tell(id, PluginChange::Removed);
        stopped
    }

    /// Loads the plugin's file again, whether or not it follows it by itself.
    pub(crate) async fn reload(&self, id: &str) -> Result<Loaded, PluginError> {
        let plugin = self.wasm(id)?;
        let Some(record) = self.store.get(id) else { return Err(not_registered(id)) };
        match &record.origin {
            PluginOrigin::File(path) => Ok(self.file(path, Tell::All, true).await),
            _ => Err(plugin.unavailable("it was not loaded from a file; load it again as it was loaded".into())),
        }
    }

    /// The plugin with this id, if it runs in the sandbox.
    pub(crate) fn wasm(&self, id: &str) -> Result<Arc<WasmPlugin>, PluginError> {
        if let Some(plugin) = self.plugin(id) {
            return Ok(plugin);
        }
        match self.registry.get(id) {
            Some(plugin) => {
                let reason = "it is compiled into the host, and changes only with it".to_owned();
                Err(PluginError::Unavailable { plugin_id: plugin.manifest().id.clone(), reason })
            }
            None => Err(not_registered(id)),
        }
    }

    pub(crate) fn all(&self) -> Vec<Arc<WasmPlugin>> {
        self.plugins().values().cloned().collect()
    }

    fn frontend(&self, path: &Path) -> Result<Arc<Manifest>, LoadError> {
        let manifest = Arc::new(load::frontend(path)?);
        let origin = PluginOrigin::File(path.to_owned());
        if let Some(other) = self.store.get(&manifest.id).filter(|other| other.origin != origin) {
            let (id, taken_by) = (manifest.id.clone(), other.manifest.id.clone());
            let error = RegistryError::Duplicate { id: id.clone(), name: id, taken_by };
            return Err(LoadError::Registry { name: path.display().to_string(), error });
        }
        self.store.insert(PluginRecord { manifest: manifest.clone(), origin, hash: None, has_backend: false });
        Ok(manifest)
    }

    /// A plugin's code comes from one place, unless that place is no more.
    fn may_replace(&self, id: &str, origin: &PluginOrigin) -> Result<(), RegistryError> {
        let before = self.store.get(id).map(|record| record.origin.clone());
        let free = match (&before, origin) {
            (Some(PluginOrigin::File(before)), PluginOrigin::File(path)) => before == path || !before.exists(),
            (Some(before), origin) => before == origin,
            (None, _) => true,
        };
        let duplicate = || RegistryError::Duplicate { id: id.to_owned(), name: id.to_owned(), taken_by: id.to_owned() };
        free.then_some(()).ok_or_else(duplicate)
    }

    /// What serves came from this place last.
    fn moved(&self, id: &str, origin: &PluginOrigin) {
        if let Some(record) = self.store.get(id) {
            self.store.insert(PluginRecord { origin: origin.clone(), ..PluginRecord::clone(&record) });
        }
    }

    /// The file held another plugin before: that one is no more.
    async fn renamed(&self, id: &str, origin: &PluginOrigin) {
        let others = self.store.list();
        for other in others.iter().filter(|other| other.origin == *origin && other.manifest.id != id) {
            if let Err(error) = self.remove(&other.manifest.id).await {
                tracing::warn!(target: "wellhead::runtime", "{error}");
            }
        }
    }

    fn refused(&self, path: &Path, error: LoadError, tell: Tell) -> Arc<LoadError> {
        let error = Arc::new(error);
        if tell == Tell::GoodNews {
            return error;
        }
        let told = self
            .store
            .rejections()
            .iter()
            .any(|before| before.path == path && before.error.to_string() == error.to_string());
        self.store.reject(path.to_owned(), error.clone());
        // A plugin tells of code that it tried itself; the same fault of the same file is told once.
        if told || matches!(&*error, LoadError::Rejected { .. }) {
            return error;
        }
        let plugin = self.of_file(path).and_then(|record| self.plugin(&record.manifest.id));
        match plugin {
            Some(plugin) => plugin.file_rejected(path, error.to_string()),
            None => {
                let (file, reason) = (Some(path.to_owned()), error.to_string());
                self.events.tell("", PluginChange::Rejected { file, hash: None, reason });
            }
        }
        error
    }

    fn of_file(&self, path: &Path) -> Option<Arc<PluginRecord>> {
        let is_it = |record: &Arc<PluginRecord>| matches!(&record.origin, PluginOrigin::File(file) if file == path);
        self.store.list().into_iter().find(is_it)
    }

    fn plugin(&self, id: &str) -> Option<Arc<WasmPlugin>> {
        let plugins = self.plugins();
        let by_alias = || plugins.values().find(|plugin| plugin.manifest().answers_to(id));
        plugins.get(id).or_else(by_alias).cloned()
    }

    fn plugins(&self) -> MutexGuard<'_, BTreeMap<String, Arc<WasmPlugin>>> {
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_registered(id: &str) -> PluginError {
    PluginError::NotRegistered { plugin_id: id.to_owned() }
}

fn joined<T>(read: Result<Result<T, LoadError>, task::JoinError>, path: &Path) -> Result<T, LoadError> {
    read.unwrap_or_else(|error| Err(LoadError::Read { path: path.to_owned(), error: std::io::Error::other(error) }))
}
