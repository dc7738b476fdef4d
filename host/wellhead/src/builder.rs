//! Puts a host together: plugins, data sources, the way out, limits.

use crate::Wellhead;
use std::path::PathBuf;
use std::sync::Arc;
use wellhead_egress::{Egress, EgressBuilder, EgressError, Origin, ProxySettings, Roots};
use wellhead_query::{ChannelLeases, LiveHub, LiveLimits, LocalLeases, QueryService};
use wellhead_runtime::{
    CompileCommand, CompileFor, Determinism, FollowOptions, GuestProfile, LimitOverrides, Limits, LoadError,
    OperatorState, Plugin, RegistryError, Runtime, RuntimeBuilder, RuntimeError, WatchError,
};
use wellhead_secrets::Redactor;
use wellhead_store::{DataSourceStore, MemoryStore};

/// Why a host could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The runtime could not start.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A plugin handed over by name, or the plugins folder itself, could not be loaded.
    #[error(transparent)]
    Load(#[from] Arc<LoadError>),
    /// The plugins folder cannot be followed.
    #[error(transparent)]
    Follow(#[from] WatchError),
    /// A core plugin's id is taken.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// TLS roots or proxies cannot be used.
    #[error(transparent)]
    Egress(#[from] EgressError),
}

/// What there is to load, in the order it was named.
enum Source {
    Folder(PathBuf),
    File(PathBuf),
    Bytes { name: String, wasm: Vec<u8>, manifest: Option<Vec<u8>> },
    Core(Arc<dyn Plugin>),
}

/// Builds a [`Wellhead`].
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::time::Duration;
/// use wellhead::{Limits, ProxySettings, Roots, Wellhead};
///
/// let wellhead = Wellhead::builder()
///     .tls_roots(Roots::System)
///     .proxy(ProxySettings::None)
///     .limits(Limits { call_deadline: Duration::from_secs(5), ..Limits::default() })
///     .guest_threads(2)
///     .build()
///     .await?;
/// assert!(wellhead.plugins().list().is_empty());
/// # wellhead.shutdown(Duration::ZERO).await;
/// # Ok::<(), wellhead::BuildError>(()) }).unwrap();
/// ```
pub struct WellheadBuilder {
    runtime: RuntimeBuilder,
    egress: EgressBuilder,
    finished_egress: Option<Egress>,
    follow: Option<FollowOptions>,
    sources: Vec<Source>,
    store: Arc<dyn DataSourceStore>,
    redactor: Redactor,
    live_limits: LiveLimits,
    leases: Arc<dyn ChannelLeases>,
}

impl WellheadBuilder {
    pub(crate) fn new() -> Self {
        Self {
            runtime: Runtime::builder(),
            egress: Egress::builder(),
            finished_egress: None,
            follow: Some(FollowOptions::default()),
            sources: Vec::new(),
            store: Arc::new(MemoryStore::default()),
            redactor: Redactor::default(),
            live_limits: LiveLimits::default(),
            leases: Arc::new(LocalLeases),
        }
    }

    /// Loads every plugin in this folder and follows it: a file that appears, changes or is deleted takes effect at once,
    /// with no request lost. A bad file changes nothing: see [`PluginStore::rejections`] and
    /// [`Wellhead::events`](crate::Wellhead::events).
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), wellhead::BuildError> {
    /// let wellhead = wellhead::Wellhead::builder().plugins("plugins/").build().await?;
    /// for rejection in wellhead.plugins().rejections() {
    ///     eprintln!("{}", rejection.error);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// [`PluginStore::rejections`]: crate::PluginStore::rejections
    #[must_use]
    pub fn plugins(mut self, folder: impl Into<PathBuf>) -> Self {
        self.sources.push(Source::Folder(folder.into()));
        self
    }

    /// How plugins folders are followed; `None` loads them once and leaves it at that. Default: followed.
    #[must_use]
    pub fn follow_plugins(mut self, options: impl Into<Option<FollowOptions>>) -> Self {
        self.follow = options.into();
        self
    }

    /// Loads one `.wasm` file, with its sidecar where there is one. A bad file fails the build.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let missing = wellhead::Wellhead::builder().plugin_file("no/such.wasm").build().await.unwrap_err();
    /// assert!(missing.to_string().contains("no/such.wasm"));
    /// # });
    /// ```
    #[must_use]
    pub fn plugin_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.sources.push(Source::File(file.into()));
        self
    }

    /// Loads a plugin from memory. `name` stands for it in logs and errors; the manifest is the embedded one.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let refused = wellhead::Wellhead::builder().plugin_bytes("mine", b"not wasm").build().await.unwrap_err();
    /// assert!(refused.to_string().starts_with("mine: "));
    /// # });
    /// ```
    #[must_use]
    pub fn plugin_bytes(mut self, name: impl Into<String>, wasm: impl Into<Vec<u8>>) -> Self {
        self.sources.push(Source::Bytes { name: name.into(), wasm: wasm.into(), manifest: None });
        self
    }

    /// Loads a plugin from memory, with this `plugin.json` instead of an embedded one.
    #[must_use]
    pub fn plugin_bytes_with_manifest(
        mut self,
        name: impl Into<String>,
        wasm: impl Into<Vec<u8>>,
        manifest: impl Into<Vec<u8>>,
    ) -> Self {
        let manifest = Some(manifest.into());
        self.sources.push(Source::Bytes { name: name.into(), wasm: wasm.into(), manifest });
        self
    }

    /// Registers a plugin compiled into this program.
    #[must_use]
    pub fn core_plugin(mut self, plugin: Arc<dyn Plugin>) -> Self {
        self.sources.push(Source::Core(plugin));
        self
    }

    /// Where data sources are kept. Default: an empty [`MemoryStore`].
    #[must_use]
    pub fn store(mut self, store: impl DataSourceStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// A store that the caller goes on using, for example to [`replace`](MemoryStore::replace) what it holds.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use std::sync::Arc;
    /// use wellhead::{DataSource, MemoryStore, Wellhead};
    ///
    /// let store = Arc::new(MemoryStore::default());
    /// let wellhead = Wellhead::builder().shared_store(store.clone()).build().await?;
    /// store.replace([DataSource::new("prom", "Prometheus", "prometheus")])?;
    /// # wellhead.shutdown(std::time::Duration::ZERO).await;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn shared_store(mut self, store: Arc<dyn DataSourceStore>) -> Self {
        self.store = store;
        self
    }

    /// Learns the secrets of every data source that is opened: for a log writer that blanks them
    /// ([`Redactor::writer`]). Default: one of the host's own, which HTTP errors pass through.
    #[must_use]
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// The certificate authorities that plugins' requests trust. Default: the system's.
    #[must_use]
    pub fn tls_roots(mut self, roots: Roots) -> Self {
        self.egress = self.egress.tls_roots(roots);
        self
    }

    /// The proxies that plugins' requests go through. Default: what the environment says.
    #[must_use]
    pub fn proxy(mut self, proxy: ProxySettings) -> Self {
        self.egress = self.egress.proxy(proxy);
        self
    }

    /// A way out that is set up already, in the place of `tls_roots` and `proxy`.
    ///
    /// ```
    /// let egress = wellhead::Egress::builder().proxy(wellhead::ProxySettings::None).build()?;
    /// let builder = wellhead::Wellhead::builder().egress(egress);
    /// # let _ = builder;
    /// # Ok::<(), wellhead::EgressError>(())
    /// ```
    #[must_use]
    pub fn egress(mut self, egress: Egress) -> Self {
        self.finished_egress = Some(egress);
        self
    }

    /// Lets a plugin reach an origin beside its data source's own, if its manifest asks for it. Without credentials, and
    /// never at a private address.
    ///
    /// ```
    /// let token_server = wellhead::Origin::parse("https://oauth2.example.com")?;
    /// let builder = wellhead::Wellhead::builder().grant_origin("my-source", token_server);
    /// # let _ = builder;
    /// # Ok::<(), wellhead::EgressError>(())
    /// ```
    #[must_use]
    pub fn grant_origin(mut self, plugin_id: impl Into<String>, origin: Origin) -> Self {
        self.runtime = self.runtime.grant_origin(plugin_id, origin);
        self
    }

    /// What every plugin instance may use at most.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.runtime = self.runtime.limits(limits);
        self
    }

    /// What one plugin's instances may use at most, where that differs from every plugin's.
    ///
    /// ```
    /// use wellhead::{LimitOverrides, Wellhead};
    ///
    /// let heavy = LimitOverrides { memory_bytes: Some(1 << 30), ..LimitOverrides::default() };
    /// let builder = Wellhead::builder().plugin_limits("clickhouse", heavy);
    /// # let _ = builder;
    /// ```
    #[must_use]
    pub fn plugin_limits(mut self, plugin_id: impl Into<String>, limits: LimitOverrides) -> Self {
        self.runtime = self.runtime.plugin_limits(plugin_id, limits);
        self
    }

    /// What one data source's instances may use at most, where that differs from its plugin's.
    #[must_use]
    pub fn data_source_limits(mut self, org_id: i64, uid: impl Into<String>, limits: LimitOverrides) -> Self {
        self.runtime = self.runtime.data_source_limits(org_id, uid, limits);
        self
    }

    /// What live channels may cost.
    ///
    /// ```
    /// use wellhead::{LiveLimits, Wellhead};
    ///
    /// let builder = Wellhead::builder().live_limits(LiveLimits { retained_frames: 60, ..LiveLimits::default() });
    /// # let _ = builder;
    /// ```
    #[must_use]
    pub fn live_limits(mut self, limits: LiveLimits) -> Self {
        self.live_limits = limits;
        self
    }

    /// Who says which host of several runs a live channel. Default: this one runs all that it is asked for.
    #[must_use]
    pub fn channel_leases(mut self, leases: impl ChannelLeases) -> Self {
        self.leases = Arc::new(leases);
        self
    }

    /// What operators said of a plugin before this process: that it is pinned, disabled, or does not follow its file.
    /// See [`PluginStatus::operator_state`](crate::PluginStatus::operator_state).
    #[must_use]
    pub fn operator_state(mut self, plugin_id: impl Into<String>, state: OperatorState) -> Self {
        self.runtime = self.runtime.operator_state(plugin_id, state);
        self
    }

    /// What plugins are compiled for: to serve, or for an author who changes one and wants to see it run at once.
    ///
    /// ```
    /// let builder = wellhead::Wellhead::builder().compile_for(wellhead::CompileFor::Development);
    /// # let _ = builder;
    /// ```
    #[must_use]
    pub fn compile_for(mut self, purpose: CompileFor) -> Self {
        self.runtime = self.runtime.compile_for(purpose);
        self
    }

    /// Keeps compiled plugins in this folder, so that each compiles once a machine. It is made with mode 0700 where it is
    /// missing; one that others may write to is refused, because what it holds is run.
    #[must_use]
    pub fn compile_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.runtime = self.runtime.compile_cache(folder);
        self
    }

    /// Compiles each plugin in a process of its own, bounded in time and memory. Default: in this process, where only its
    /// size bounds what a plugin costs to compile: take files only from people you trust then.
    ///
    /// ```
    /// // The program's `main` calls `wellhead::compile_worker(stdin(), stdout())` when it gets this argument.
    /// let compile = wellhead::CompileCommand::this_program(["compile-component"]);
    /// let builder = wellhead::Wellhead::builder().compile_in_child(compile);
    /// # let _ = builder;
    /// ```
    #[must_use]
    pub fn compile_in_child(mut self, command: CompileCommand) -> Self {
        self.runtime = self.runtime.compile_in_child(command);
        self
    }

    /// Samples where guests' CPU time goes; see [`GuestProfile`].
    #[must_use]
    pub fn guest_profile(mut self, profile: GuestProfile) -> Self {
        self.runtime = self.runtime.guest_profile(profile);
        self
    }

    /// Threads that guests run on. Default: the number of cores.
    #[must_use]
    pub fn guest_threads(mut self, threads: usize) -> Self {
        self.runtime = self.runtime.guest_threads(threads);
        self
    }

    /// Tells every guest this instant and these random numbers, for recordings and their replay: see
    /// [`Recorder`](crate::Recorder). Default: the truth.
    #[must_use]
    pub fn determinism(mut self, determinism: Determinism) -> Self {
        self.runtime = self.runtime.determinism(determinism);
        self
    }

    /// Starts the host and reads the plugins' manifests; they compile in the background, and a first query waits for
    /// its plugin. Must be called within a tokio runtime, which then carries the host's I/O.
    ///
    /// # Errors
    /// [`BuildError`].
    pub async fn build(self) -> Result<Wellhead, BuildError> {
        let egress = match self.finished_egress {
            Some(egress) => egress,
            None => self.egress.build()?,
        };
        let runtime = self.runtime.egress(egress.clone()).build()?;
        for source in self.sources {
            load(&runtime, source, self.follow.as_ref()).await?;
        }
        let service = QueryService::new(self.store.clone(), runtime.client().clone(), egress);
        let service = Arc::new(service.with_redactor(self.redactor.clone()));
        let live = LiveHub::new(&service, self.live_limits, self.leases);
        Ok(Wellhead::new(Arc::new(runtime), service, live, self.store, self.redactor, self.follow.is_some()))
    }
}

async fn load(runtime: &Runtime, source: Source, follow: Option<&FollowOptions>) -> Result<(), BuildError> {
    match source {
        Source::Folder(path) => match follow {
            Some(options) => drop(runtime.follow_folder(&path, *options).await?),
            None => drop(runtime.load_folder(&path).await.map_err(Arc::new)?),
        },
        Source::File(path) => drop(runtime.load_file(&path).await?),
        Source::Bytes { name, wasm, manifest } => {
            drop(runtime.load_bytes(&name, wasm, manifest.as_deref()).await.map_err(Arc::new)?);
        }
        Source::Core(plugin) => runtime.register(plugin)?,
    }
    Ok(())
}
