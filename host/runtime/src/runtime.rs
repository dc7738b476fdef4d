//! The runtime: engine, threads and registry under one owner.

use crate::call_metrics::CallMetrics;
use crate::events::{Events, PluginEvents};
use crate::follow::{self, Following};
use crate::guest_metrics::GuestMetrics;
use crate::limits::LimitBook;
use crate::load::{Candidate, Folder};
use crate::loader::{Loader, Tell};
use crate::vitals::Vitals;
use crate::wasm::{Change, CompileCommand, CompileFor, GuestProfile, Surroundings, WasmHost};
use crate::{
    Determinism, LimitOverrides, Limits, LoadError, Manifest, OperatorState, Plugin, PluginClient, PluginError,
    PluginOrigin, PluginRecord, PluginStatus, PluginStore, Registry, RegistryError,
};
use futures::future::join_all;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry as MetricsRegistry;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task;
use wellhead_egress::{Egress, EgressError, Origin};
use wellhead_watch::{Options, WatchError};

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
    plugin_limits: HashMap<String, LimitOverrides>,
    data_source_limits: HashMap<(i64, String), LimitOverrides>,
    operator_states: HashMap<String, OperatorState>,
    compile_for: CompileFor,
    compile_cache: Option<PathBuf>,
    compile_in: Option<CompileCommand>,
    guest_threads: Option<usize>,
    profile: Option<GuestProfile>,
    io: Option<Handle>,
    determinism: Option<Determinism>,
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

    /// Limits of one plugin's instances, where they differ from everybody's.
    #[must_use]
    pub fn plugin_limits(mut self, plugin_id: impl Into<String>, limits: LimitOverrides) -> Self {
        self.plugin_limits.insert(plugin_id.into(), limits);
        self
    }

    /// Limits of one data source's instances, where they differ from its plugin's.
    #[must_use]
    pub fn data_source_limits(mut self, org_id: i64, uid: impl Into<String>, limits: LimitOverrides) -> Self {
        self.data_source_limits.insert((org_id, uid.into()), limits);
        self
    }

    /// What operators said of a plugin before this process: it is loaded with that in force. One that is pinned to other
    /// code than its file has is not loaded, and that code waits.
    #[must_use]
    pub fn operator_state(mut self, plugin_id: impl Into<String>, state: OperatorState) -> Self {
        self.operator_states.insert(plugin_id.into(), state);
        self
    }

    /// What code is compiled for. Default: [`CompileFor::Serving`].
    #[must_use]
    pub fn compile_for(mut self, purpose: CompileFor) -> Self {
        self.compile_for = purpose;
        self
    }

    /// Keeps compiled code in this folder, so that a plugin compiles once a machine. It is made with mode 0700 where it is
    /// missing; one that others may write to is refused, because what it holds is run. Default: it is kept in memory only.
    #[must_use]
    pub fn compile_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.compile_cache = Some(folder.into());
        self
    }

    /// Compiles each component in a process of its own, of low priority and bounded by [`Limits::compile_deadline`] and
    /// [`Limits::compile_memory_bytes`]. Default: in this process, where a component is bounded by its size alone: take
    /// files only from people you trust then, because one can be made to take minutes and gigabytes.
    #[must_use]
    pub fn compile_in_child(mut self, command: CompileCommand) -> Self {
        self.compile_in = Some(command);
        self
    }

    /// Threads that guests run on. Default: the number of cores. A guest that has long been brief at every turn runs on its
    /// callers' threads meanwhile, and goes back to these when one of its turns takes longer.
    #[must_use]
    pub fn guest_threads(mut self, threads: usize) -> Self {
        self.guest_threads = Some(threads);
        self
    }

    /// Samples where guests' CPU time goes, from their first instruction on. Guests that compute are interrupted five
    /// times as often then. Default: they are not looked at, and that costs nothing.
    #[must_use]
    pub fn guest_profile(mut self, profile: GuestProfile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// The tokio runtime that connections live on. Default: the one `build` is called in.
    #[must_use]
    pub fn io(mut self, io: Handle) -> Self {
        self.io = Some(io);
        self
    }

    /// Tells every guest this instant and these random numbers, for recordings and their replay. Default: the truth.
    #[must_use]
    pub fn determinism(mut self, determinism: Determinism) -> Self {
        self.determinism = Some(determinism);
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
        let events = Events::default();
        let limits = Arc::new(limits);
        let around = Surroundings {
            limits: LimitBook {
                all: limits.clone(),
                plugins: self.plugin_limits,
                data_sources: self.data_source_limits,
            },
            egress,
            grants: self.grants,
            metrics: guest_metrics,
            vitals,
            events: events.clone(),
            determinism: self.determinism,
            profile: self.profile,
            io,
        };
        let host = WasmHost::new(around, self.compile_for, self.compile_cache.as_deref(), self.compile_in, threads)?;
        let (registry, store) = (Arc::new(Registry::default()), Arc::new(PluginStore::default()));
        let client = PluginClient::new(registry.clone(), calls);
        let loader = Loader::new(
            host.clone(),
            limits.clone(),
            registry.clone(),
            store.clone(),
            events.clone(),
            self.operator_states,
        );
        let following = Mutex::default();
        Ok(Runtime { host, limits, registry, store, client, loader, following, events, metrics })
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
    limits: Arc<Limits>,
    registry: Arc<Registry>,
    store: Arc<PluginStore>,
    client: PluginClient,
    loader: Arc<Loader>,
    following: Mutex<Vec<Following>>,
    events: Events,
    metrics: MetricsRegistry,
}

impl Runtime {
    /// A builder with the defaults.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::default()
    }

    /// Loads a `.wasm` file: reads and checks it and its manifest, registers the plugin, and starts to compile it in
    /// the background. The first call waits for that where it comes early. A file that was loaded before is loaded
    /// again: what changed becomes the plugin's next generation, and this waits until that serves.
    ///
    /// # Errors
    /// [`LoadError`]; the file is then listed among the store's rejections, and what served goes on.
    pub async fn load_file(&self, path: &Path) -> Result<Arc<Manifest>, Arc<LoadError>> {
        self.loader.file(path, Tell::All, false).await
    }

    /// Loads a component from memory, with its manifest beside it or embedded. Under a name that was loaded before it
    /// becomes that plugin's next generation.
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
        self.loader.candidate(name, candidate, PluginOrigin::Bytes(name.to_owned()), false).await
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
        let failed = |error| LoadError::Read { path: path.to_owned(), error: std::io::Error::other(error) };
        let Folder { components, frontends } =
            task::spawn_blocking(move || Folder::scan(&folder)).await.map_err(failed)??;
        let mut loaded = Vec::new();
        for file in components.into_iter().chain(frontends) {
            let outcome = self.load_file(&file).await;
            loaded.push((file, outcome));
        }
        Ok(loaded)
    }

    /// Loads a folder as [`load_folder`](Self::load_folder) does, and follows it from then on: files that appear are
    /// loaded, those that change become the next generation of their plugin, those that are deleted are retired. Whatever
    /// happens is told as [`events`](Self::events), and a bad file changes nothing.
    ///
    /// # Errors
    /// [`WatchError`] where the folder is not there.
    pub async fn follow_folder(
        &self,
        path: &Path,
        options: Options,
    ) -> Result<Vec<(PathBuf, Result<Arc<Manifest>, Arc<LoadError>>)>, WatchError> {
        let (following, loaded) = follow::follow(&self.loader, path, options).await?;
        self.following.lock().unwrap_or_else(PoisonError::into_inner).push(following);
        Ok(loaded)
    }

    /// Registers a plugin compiled into the host. Starting it is done here.
    ///
    /// # Errors
    /// [`RegistryError::Duplicate`].
    pub fn register(&self, plugin: Arc<dyn Plugin>) -> Result<(), RegistryError> {
        let manifest = plugin.manifest();
        self.registry.add(plugin)?;
        self.store.insert(PluginRecord { manifest, origin: PluginOrigin::Core, hash: None, has_backend: true });
        Ok(())
    }

    /// Takes a plugin out for good: its calls in flight finish within the drain deadline, new ones find no plugin.
    ///
    /// # Errors
    /// [`PluginError::NotRegistered`].
    pub async fn remove(&self, id: &str) -> Result<(), PluginError> {
        self.loader.remove(id).await
    }

    /// What happens to plugins from now on.
    pub fn events(&self) -> PluginEvents {
        self.events.subscribe()
    }

    /// Where a plugin is in its life. `None` for plugins compiled into the host and for ids nobody has.
    pub fn plugin_status(&self, id: &str) -> Option<PluginStatus> {
        self.loader.wasm(id).ok().map(|plugin| plugin.status())
    }

    /// Loads the plugin's file again, also where it does not follow it by itself, and waits until the new code serves.
    ///
    /// # Errors
    /// [`PluginError::NotRegistered`], and [`PluginError::Unavailable`] where it was not loaded from a file. The inner
    /// error says why the file was refused.
    pub async fn reload(&self, id: &str) -> Result<Result<Arc<Manifest>, Arc<LoadError>>, PluginError> {
        self.loader.reload(id).await
    }

    /// Goes back to the generation before this one, as any other change: data sources swap, calls in flight finish. Rolled
    /// back twice is where it began.
    ///
    /// # Errors
    /// [`PluginError::NotRegistered`]; [`PluginError::Unavailable`] where there is none; [`PluginError::RequestFailure`]
    /// where it does not start any more.
    pub async fn roll_back(&self, id: &str) -> Result<PluginStatus, PluginError> {
        let plugin = self.loader.wasm(id)?;
        let change = plugin.roll_back().await?;
        self.changed(id, change)
    }

    /// Keeps the plugin at the code with this hash (or a prefix of it): that which serves, or the one before. Other code
    /// in its file waits until [`unpin`](Self::unpin).
    ///
    /// # Errors
    /// As [`roll_back`](Self::roll_back).
    pub async fn pin(&self, id: &str, hash: &str) -> Result<PluginStatus, PluginError> {
        let plugin = self.loader.wasm(id)?;
        let change = plugin.pin(hash).await?;
        self.changed(id, change)
    }

    /// Has the plugin follow its file again; what waited is loaded.
    ///
    /// # Errors
    /// [`PluginError::NotRegistered`].
    pub async fn unpin(&self, id: &str) -> Result<PluginStatus, PluginError> {
        let plugin = self.loader.wasm(id)?;
        if plugin.unpin() {
            self.catch_up(id).await;
        }
        Ok(plugin.status())
    }

    /// Refuses the plugin's calls from now on; those in flight finish.
    ///
    /// # Errors
    /// [`PluginError::NotRegistered`].
    pub fn disable(&self, id: &str) -> Result<PluginStatus, PluginError> {
        let plugin = self.loader.wasm(id)?;
        plugin.disable();
        Ok(plugin.status())
    }

    /// Takes the plugin's calls again; what its file became meanwhile is loaded.
    ///
    /// # Errors
    /// [`PluginError::NotRegistered`].
    pub async fn enable(&self, id: &str) -> Result<PluginStatus, PluginError> {
        let plugin = self.loader.wasm(id)?;
        if plugin.enable() {
            self.catch_up(id).await;
        }
        Ok(plugin.status())
    }

    /// Whether the plugin follows its file by itself (the default). Where it does not, new code waits for
    /// [`reload`](Self::reload).
    ///
    /// # Errors
    /// [`PluginError::NotRegistered`].
    pub async fn auto_reload(&self, id: &str, on: bool) -> Result<PluginStatus, PluginError> {
        let plugin = self.loader.wasm(id)?;
        plugin.auto_reload(on);
        if on {
            self.catch_up(id).await;
        }
        Ok(plugin.status())
    }

    /// Takes the plugin out of service: it lets go of all its code, calls in flight finish, new ones are refused until
    /// its file changes or is [reloaded](Self::reload).
    ///
    /// # Errors
    /// [`PluginError::NotRegistered`].
    pub async fn decommission(&self, id: &str) -> Result<PluginStatus, PluginError> {
        let plugin = self.loader.wasm(id)?;
        plugin.retire("it was taken out of service; reload it to use it again").await;
        Ok(plugin.status())
    }

    /// Lets data sources of a plugin out of quarantine: the one named by org and uid, or all. How many there were.
    ///
    /// # Errors
    /// [`PluginError::NotRegistered`].
    pub fn release(&self, id: &str, data_source: Option<(i64, &str)>) -> Result<usize, PluginError> {
        Ok(self.loader.wasm(id)?.release(data_source))
    }

    /// A data source is no more: its instances finish their calls and end.
    pub fn forget_data_source(&self, org_id: i64, uid: &str) {
        self.loader.all().iter().for_each(|plugin| plugin.forget(org_id, uid));
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
        // What changes from now on is too late.
        self.following.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let plugins = self.registry.list();
        plugins.iter().for_each(|plugin| plugin.decommission());
        let stopped = join_all(plugins.iter().map(|plugin| plugin.stop()));
        if tokio::time::timeout(deadline, stopped).await.is_err() {
            tracing::warn!(target: "wellhead::runtime", "plugins did not stop within {deadline:?} and were cut off");
        }
        self.host.release_threads();
    }

    fn changed(&self, id: &str, change: Change) -> Result<PluginStatus, PluginError> {
        match change {
            Change::Rejected(reason) => Err(PluginError::RequestFailure { plugin_id: id.to_owned(), reason }),
            Change::Done | Change::Same | Change::Waits(_) => Ok(self.loader.wasm(id)?.status()),
        }
    }

    /// Loads what waited; what is wrong with it is told as a rejection.
    async fn catch_up(&self, id: &str) {
        if self.plugin_status(id).is_some_and(|status| status.waiting.is_some()) {
            let _ = self.loader.reload(id).await;
        }
    }
}
