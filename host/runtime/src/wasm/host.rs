//! What all wasm plugins of one runtime share: the engine, the threads guests run on, egress, limits, and the room for
//! instances.

use super::compile::{CompileCommand, CompileError, CompileFor, Compiled, Compiler, Priority};
use super::deadlines::Deadlines;
use super::engine;
use super::gate::Gate;
use super::places::{Place, Places};
use super::plugin::WasmPlugin;
use super::profile::GuestProfile;
use super::simulation::simulate_monotonic;
use super::threads::GuestThreads;
use crate::events::Events;
use crate::guest_metrics::GuestMetrics;
use crate::limits::LimitBook;
use crate::vitals::Vitals;
use crate::{Determinism, Manifest, PluginError, RuntimeError};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use wellhead_egress::{Egress, Origin};

/// What all wasm plugins of one runtime are given.
pub(crate) struct Surroundings {
    pub(crate) limits: LimitBook,
    pub(crate) egress: Egress,
    /// Origins beyond a data source's own that the operator grants, by plugin id.
    pub(crate) grants: BTreeMap<String, Vec<Origin>>,
    pub(crate) metrics: GuestMetrics,
    pub(crate) vitals: Vitals,
    pub(crate) events: Events,
    /// What guests are told of time and chance, where that is not the truth.
    pub(crate) determinism: Option<Determinism>,
    /// Where guests' CPU time is looked for, if it is.
    pub(crate) profile: Option<GuestProfile>,
    /// Where connections live: the embedder's runtime.
    pub(crate) io: Handle,
}

/// How often plugins let go of what they do not need.
const TEND_EVERY: Duration = Duration::from_secs(1);

/// One per runtime, shared by its plugins.
pub(crate) struct WasmHost {
    born: Instant,
    pub(super) around: Surroundings,
    pub(super) deadlines: Arc<Deadlines>,
    /// Where guests run, so that one that computes delays neither accept nor health.
    pub(super) guests: GuestThreads,
    /// Turns for guests that compute.
    pub(super) gate: Gate,
    live: Places,
    plugins: Mutex<Vec<Weak<WasmPlugin>>>,
    compiler: Arc<Compiler>,
}

impl WasmHost {
    pub(crate) fn new(
        around: Surroundings,
        compile_for: CompileFor,
        compile_cache: Option<&Path>,
        compile_in: Option<CompileCommand>,
        guest_threads: usize,
    ) -> Result<Arc<Self>, RuntimeError> {
        let failed = |reason: String| RuntimeError::Engine { reason };
        let deadlines = Arc::new(Deadlines::default());
        let engine = engine::engine(compile_for, deadlines.clone(), around.profile.clone())?;
        let unlinked = |error: wasmtime::Error| failed(format!("{error:#}"));
        let mut linker = engine::linker(&engine).map_err(unlinked)?;
        if around.determinism.is_some() {
            simulate_monotonic(&mut linker).map_err(unlinked)?;
        }
        let limits = around.limits.all.clone();
        let compiler = Arc::new(Compiler::open(linker, limits, compile_for, compile_in, compile_cache)?);
        let computing = guest_threads.max(1);
        // One more than may compute at once: it is there for guests that have little to do.
        let guests = GuestThreads::start(computing.saturating_add(1), &around.io)
            .map_err(|error| failed(format!("no threads for guests: {error}")))?;
        let host = Arc::new(Self {
            born: Instant::now(),
            around,
            deadlines,
            guests,
            gate: Gate::new(computing),
            live: Places::default(),
            plugins: Mutex::default(),
            compiler,
        });
        host.around.io.spawn(tend(Arc::downgrade(&host)));
        Ok(host)
    }

    /// Milliseconds since the host began.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Has `plugin` let go of what it does not need, from time to time.
    pub(super) fn tends(&self, plugin: &Arc<WasmPlugin>) {
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        plugins.retain(|plugin| plugin.strong_count() > 0);
        plugins.push(Arc::downgrade(plugin));
    }

    fn plugins(&self) -> Vec<Arc<WasmPlugin>> {
        let plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        plugins.iter().filter_map(Weak::upgrade).collect()
    }

    /// A place for one more instance. Where there is none, the idle instance that was used longest ago makes room.
    pub(super) async fn place(&self) -> Result<Place, PluginError> {
        let limit = self.around.limits.all.live_instances;
        loop {
            let live = match self.live.place(limit) {
                Ok(place) => return Ok(place),
                Err(live) => live,
            };
            let mut idle: Vec<_> = self.plugins().iter().flat_map(|plugin| plugin.routes.all()).collect();
            idle.retain(|route| route.is_idle());
            let oldest = idle.into_iter().min_by_key(|route| route.last_used());
            let Some(oldest) = oldest else {
                let (limit, asked) = (limit as u64, (live as u64).saturating_add(1));
                return Err(PluginError::limit("live instances", limit, asked));
            };
            oldest.evict().await;
        }
    }

    /// Origins beyond the data source's own: what the manifest asks for and the operator grants, never one without the
    /// other.
    pub(super) fn extra_origins(&self, manifest: &Manifest) -> Vec<Origin> {
        let granted = self.around.grants.get(&manifest.id).map(Vec::as_slice).unwrap_or_default();
        let asked = manifest.capabilities().origins.iter().filter_map(|origin| Origin::parse(origin).ok());
        asked.filter(|origin| granted.contains(origin)).collect()
    }

    /// The code of a plugin whose `.wasm` hashes to `code_hash`: compiled, unless it is at hand already.
    pub(super) async fn compile(
        &self,
        plugin_id: &str,
        code_hash: &str,
        wasm: Bytes,
        priority: Priority,
    ) -> Result<Compiled, CompileError> {
        let compiled = self.compiler.prepare(&self.around.io, code_hash, wasm, priority).await?;
        let Compiled { took, cached, .. } = &compiled;
        if !took.is_zero() {
            self.around.vitals.compiled(plugin_id, *took);
            tracing::debug!(target: "wellhead::runtime", plugin = plugin_id, cached, "compiled code is ready after {took:?}");
        }
        Ok(compiled)
    }

    /// Stops compiling, and lets go of the guest threads without waiting for what runs on them.
    pub(crate) fn release_threads(&self) {
        self.compiler.stop();
        self.guests.close();
    }
}

/// Runs as long as the host does.
async fn tend(host: Weak<WasmHost>) {
    loop {
        tokio::time::sleep(TEND_EVERY).await;
        let Some(host) = host.upgrade() else { return };
        host.plugins().iter().for_each(|plugin| plugin.routes.tend());
    }
}

impl Drop for WasmHost {
    fn drop(&mut self) {
        self.release_threads();
    }
}
