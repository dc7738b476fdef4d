//! The runtime: engine, threads and registry under one owner.

use crate::call_metrics::CallMetrics;
use crate::guest_metrics::GuestMetrics;
use crate::load::{self, Candidate, Folder};
use crate::vitals::Vitals;
use crate::wasm::{Surroundings, WasmHost, WasmPlugin};
use crate::{
    Limits, LoadError, Manifest, Plugin, PluginClient, PluginError, PluginOrigin, PluginRecord, PluginStore, Registry,
    RegistryError,
};
use futures::future::join_all;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry as MetricsRegistry;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task;
use wellhead_egress::{Egress, EgressError, Origin};

/// Why a runtime could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The engine or its threads could not be made.
    #[error("the WebAssembly engine cannot start: {reason}")]
    Engine {
        /// What failed.
        reason: String,
    },
    /// The compile cache's folder cannot be used.
    #[error("the compile cache {} cannot be used: {reason}", path.display())]
    CompileCache {
        /// The folder.
        path: PathBuf,
        /// What failed.
        reason: String,
    },
    /// There is no tokio runtime here to take for I/O.
    #[error("no tokio runtime here: build inside one, or name one with `io`")]
    NoTokio,
    /// Egress could not be built with the system's TLS roots and proxy settings.
    #[error("egress: {0}")]
    Egress(#[from] EgressError),
}

/// Builds a [`Runtime`].
#[derive(Default)]
pub struct RuntimeBuilder {
    egress: Option<Egress>,
    grants: BTreeMap<String, Vec<Origin>>,
    limits: Limits,
    compile_cache: Option<PathBuf>,
    guest_threads: Option<usize>,
    io: Option<Handle>,
}

impl RuntimeBuilder {
    /// The way out for all plugins. Default: system TLS roots, proxy from the environment.
    #[must_use]
    pub fn egress(mut self, egress: Egress) -> Self {
        self.egress = Some(egress);
        self
    }

    /// Lets the plugin reach an origin beside its data source's own, if its manifest asks for it
    /// (`wellhead.capabilities.origins`). Such origins never get the data source's credentials, and never reach private
    /// addresses.
    #[must_use]
    pub fn grant_origin(mut self, plugin_id: impl Into<String>, origin: Origin) -> Self {
        self.grants.entry(plugin_id.into()).or_default().push(origin);
        self
    }

    /// Limits of every instance.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps compiled code in this folder (made with mode 0700), so that a plugin compiles once a machine.
    #[must_use]
    pub fn compile_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.compile_cache = Some(folder.into());
        self
    }

    /// Threads that guests run on. Default: the number of cores.
    #[must_use]
    pub fn guest_threads(mut self, threads: usize) -> Self {
        self.guest_threads = Some(threads);
        self
    }

    /// The tokio runtime that connections live on. Default: the one `build` is called in.
    #[must_use]
    pub fn io(mut self, io: Handle) -> Self {
        self.io = Some(io);
        self
    }

    /// Starts the engine and its threads; loads nothing.
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub fn build(self) -> Result<Runtime, RuntimeError> {
        let io = match self.io {
            Some(io) => io,
            None => Handle::try_current().map_err(|_| RuntimeError::NoTokio)?,
        };
        let egress = match self.egress {
            Some(egress) => egress,
            None => Egress::builder().build()?,
        };
        let mut limits = self.limits;
        limits.drain = limits.drain.max(limits.call_deadline);
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.guest_threads.unwrap_or_else(cores);
        let mut metrics = MetricsRegistry::default();
        let guest_metrics = GuestMetrics::default();
        let calls = CallMetrics::register(&mut metrics);
        let vitals = Vitals::register(&mut metrics);
        metrics.register_collector(Box::new(guest_metrics.clone()));
        let around =
            Surroundings { limits: limits.clone(), egress, grants: self.grants, metrics: guest_metrics, vitals, io };
        let host = WasmHost::new(around, self.compile_cache.as_deref(), threads)?;
        let registry = Arc::new(Registry::default());
        let client = PluginClient::new(registry.clone(), calls);
        Ok(Runtime { host, limits, registry, store: PluginStore::default(), client, metrics })
    }
}

/// Loads plugins and answers calls through them. No global state: a process may have several.
///
/// ```no_run
/// use std::path::Path;
/// use wellhead_runtime::{DataSourceSettings, PluginContext, QueryDataRequest, Runtime};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = Runtime::builder().build()?;
/// let manifest = runtime.load_file(Path::new("plugins/testdata.wasm")).await?;
/// let source = DataSourceSettings { uid: "t".into(), plugin_id: manifest.id.clone(), ..Default::default() };
/// let context = PluginContext::for_data_source(source);
/// let reply = runtime.client().query_data(context, QueryDataRequest::default()).await?;
/// # let _ = reply;
/// # Ok(()) }
/// ```
pub struct Runtime {
    host: Arc<WasmHost>,
    limits: Limits,
    registry: Arc<Registry>,
    store: PluginStore,
    client: PluginClient,
    metrics: MetricsRegistry,
}

impl Runtime {
    /// A builder with the defaults.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::default()
    }

    /// Loads a `.wasm` file: reads and checks it and its manifest, registers the plugin, and starts to compile it in
    /// the background. The first call waits for that where it comes early.
    ///
    /// # Errors
    /// [`LoadError`]; the file is then listed among the store's rejections, and all other plugins go on.
    pub async fn load_file(&self, path: &Path) -> Result<Arc<Manifest>, Arc<LoadError>> {
        let (file, limits) = (path.to_owned(), self.limits.clone());
        let read = task::spawn_blocking(move || Candidate::from_file(&file, &limits)).await;
        let loaded = joined(read, path).and_then(|candidate| {
            let name = path.display().to_string();
            self.register_candidate(&name, candidate, PluginOrigin::File(path.to_owned()))
        });
        loaded.map_err(|error| self.rejected(path, error))
    }

    /// Loads a component from memory, with its manifest beside it or embedded.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load_bytes(
        &self,
        name: &str,
        wasm: impl AsRef<[u8]>,
        sidecar: Option<&[u8]>,
    ) -> Result<Arc<Manifest>, LoadError> {
        let candidate = Candidate::from_bytes(name, wasm.as_ref(), sidecar, &self.limits)?;
        self.register_candidate(name, candidate, PluginOrigin::Bytes(name.to_owned()))
    }

    /// Loads every `*.wasm` of a folder, and the manifests (`*.plugin.json`) of front-end plugins. One bad file leaves
    /// the others alone.
    ///
    /// # Errors
    /// [`LoadError::Read`] where the folder itself cannot be read.
    pub async fn load_folder(
        &self,
        path: &Path,
    ) -> Result<Vec<(PathBuf, Result<Arc<Manifest>, Arc<LoadError>>)>, LoadError> {
        let folder = path.to_owned();
        let folder = joined(task::spawn_blocking(move || Folder::scan(&folder)).await, path)?;
        let mut loaded = Vec::new();
        for file in folder.components {
            let outcome = self.load_file(&file).await;
            loaded.push((file, outcome));
        }
        for file in folder.frontends {
            let outcome = self.load_frontend(&file).map_err(|error| self.rejected(&file, error));
            loaded.push((file, outcome));
        }
        Ok(loaded)
    }

    /// Registers a plugin compiled into the host. Starting it is done here.
    ///
    /// # Errors
    /// [`RegistryError::Duplicate`].
    pub fn register(&self, plugin: Arc<dyn Plugin>) -> Result<(), RegistryError> {
        let manifest = plugin.manifest().clone();
        self.registry.add(plugin)?;
        self.store.insert(PluginRecord { manifest, origin: PluginOrigin::Core, hash: None, has_backend: true });
        Ok(())
    }

    /// Takes a plugin out of routing, lets its calls finish within the drain deadline, and drops it.
    ///
    /// # Errors
    /// [`PluginError::NotRegistered`].
    pub async fn remove(&self, id: &str) -> Result<(), PluginError> {
        let plugin = self.registry.remove(id)?;
        self.store.remove(id);
        plugin.stop().await
    }

    /// Metadata of all plugins.
    pub fn plugins(&self) -> &PluginStore {
        &self.store
    }

    /// The plugins that can be called.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The door to all plugins.
    pub fn client(&self) -> &PluginClient {
        &self.client
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Appends the runtime's and the guests' metrics, as Prometheus text without the end mark.
    pub fn encode_metrics(&self, out: &mut String) {
        // Writing to a String fails only where a metric's own encoding does, and then the rest is still good.
        if let Err(error) = text::encode_registry(out, &self.metrics) {
            tracing::error!(target: "wellhead::runtime", "metrics could not be encoded: {error}");
        }
    }

    /// Stops every plugin: calls in flight get `deadline` to finish, then their instances are ended.
    pub async fn shutdown(&self, deadline: Duration) {
        let plugins = self.registry.list();
        plugins.iter().for_each(|plugin| plugin.decommission());
        let stopped = join_all(plugins.iter().map(|plugin| plugin.stop()));
        if tokio::time::timeout(deadline, stopped).await.is_err() {
            tracing::warn!(target: "wellhead::runtime", "plugins did not stop within {deadline:?} and were cut off");
        }
        self.host.release_threads();
    }

    fn register_candidate(
        &self,
        name: &str,
        candidate: Candidate,
        origin: PluginOrigin,
    ) -> Result<Arc<Manifest>, LoadError> {
        let Candidate { manifest, wasm, hash } = candidate;
        let plugin = Arc::new(WasmPlugin::new(self.host.clone(), manifest.clone(), wasm));
        self.registry.add(plugin.clone()).map_err(|error| LoadError::Registry { name: name.to_owned(), error })?;
        self.store.insert(PluginRecord { manifest: manifest.clone(), origin, hash: Some(hash), has_backend: true });
        tokio::spawn(async move {
            let id = &plugin.manifest().id;
            match plugin.start().await {
                Ok(()) => tracing::info!(target: "wellhead::runtime", plugin = id, "plugin is ready"),
                Err(error) => tracing::error!(target: "wellhead::runtime", plugin = id, "{error}"),
            }
        });
        Ok(manifest)
    }

    fn load_frontend(&self, path: &Path) -> Result<Arc<Manifest>, LoadError> {
        let manifest = Arc::new(load::frontend(path)?);
        if let Some(other) = self.store.get(&manifest.id) {
            let error = RegistryError::Duplicate {
                id: manifest.id.clone(),
                name: manifest.id.clone(),
                taken_by: other.manifest.id.clone(),
            };
            return Err(LoadError::Registry { name: path.display().to_string(), error });
        }
        let origin = PluginOrigin::File(path.to_owned());
        self.store.insert(PluginRecord { manifest: manifest.clone(), origin, hash: None, has_backend: false });
        Ok(manifest)
    }

    fn rejected(&self, path: &Path, error: LoadError) -> Arc<LoadError> {
        let error = Arc::new(error);
        tracing::error!(target: "wellhead::runtime", "plugin rejected: {error}");
        self.store.reject(path.to_owned(), error.clone());
        error
    }
}

fn joined<T>(read: Result<Result<T, LoadError>, task::JoinError>, path: &Path) -> Result<T, LoadError> {
    read.unwrap_or_else(|error| Err(LoadError::Read { path: path.to_owned(), error: std::io::Error::other(error) }))
}
