//! What all wasm plugins of one runtime share: the engine, the threads guests run on, egress, limits.

use super::deadlines::Deadlines;
use super::engine;
use super::prepared::Prepared;
use super::state::HostState;
use crate::guest_metrics::GuestMetrics;
use crate::vitals::Vitals;
use crate::{Limits, Manifest, RuntimeError};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::runtime::{Handle, Runtime as TokioRuntime};
use tokio::sync::Semaphore;
use tokio::task::JoinError;
use wasmtime::component::Linker;
use wellhead_egress::{Egress, Origin};

/// What all wasm plugins of one runtime are given.
pub(crate) struct Surroundings {
    pub(crate) limits: Limits,
    pub(crate) egress: Egress,
    /// Origins beyond a data source's own that the operator grants, by plugin id.
    pub(crate) grants: BTreeMap<String, Vec<Origin>>,
    pub(crate) metrics: GuestMetrics,
    pub(crate) vitals: Vitals,
    /// Where connections live: the embedder's runtime.
    pub(crate) io: Handle,
}

/// One per runtime, shared by its plugins.
pub(crate) struct WasmHost {
    linker: Linker<HostState>,
    pub(super) around: Surroundings,
    pub(super) deadlines: Arc<Deadlines>,
    /// Where guests run, so that one that computes delays neither accept nor health.
    pub(super) guests: Handle,
    /// Compiling takes every core it gets: one component at a time, and Cranelift spreads it over the cores.
    compiling: Semaphore,
    threads: Mutex<Option<TokioRuntime>>,
}

impl WasmHost {
    pub(crate) fn new(
        around: Surroundings,
        compile_cache: Option<&Path>,
        guest_threads: usize,
    ) -> Result<Arc<Self>, RuntimeError> {
        let failed = |reason: String| RuntimeError::Engine { reason };
        let deadlines = Arc::new(Deadlines::default());
        let engine = engine::engine(compile_cache, deadlines.clone())?;
        let linker = engine::linker(&engine).map_err(|error| failed(format!("{error:#}")))?;
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(guest_threads.max(1))
            .thread_name("wellhead-guest")
            .enable_all()
            .build()
            .map_err(|error| failed(format!("no threads for guests: {error}")))?;
        let guests = threads.handle().clone();
        let (compiling, threads) = (Semaphore::new(1), Mutex::new(Some(threads)));
        Ok(Arc::new(Self { linker, around, deadlines, guests, compiling, threads }))
    }

    /// Origins beyond the data source's own: what the manifest asks for and the operator grants, never one without the
    /// other.
    pub(super) fn extra_origins(&self, manifest: &Manifest) -> Vec<Origin> {
        let granted = self.around.grants.get(&manifest.id).map(Vec::as_slice).unwrap_or_default();
        let asked = manifest.capabilities().origins.iter().filter_map(|origin| Origin::parse(origin).ok());
        asked.filter(|origin| granted.contains(origin)).collect()
    }

    /// Compiles off the async threads, one component at a time.
    pub(super) async fn compile(self: &Arc<Self>, plugin_id: &str, wasm: Arc<[u8]>) -> Result<Arc<Prepared>, String> {
        let stopped = || "the host is shutting down".to_owned();
        let _slot = self.compiling.acquire().await.map_err(|_| stopped())?;
        let host = self.clone();
        let started = Instant::now();
        let compiled = self.guests.spawn_blocking(move || Prepared::compile(&host.linker, &wasm)).await;
        self.around.vitals.compiled(plugin_id, started.elapsed());
        let failed =
            |error: JoinError| if error.is_panic() { format!("the compiler failed: {error}") } else { stopped() };
        compiled.unwrap_or_else(|error| Err(failed(error)))
    }

    /// Lets go of the guest threads without waiting for what runs on them.
    pub(crate) fn release_threads(&self) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(threads) = threads {
            threads.shutdown_background();
        }
    }
}

impl Drop for WasmHost {
    fn drop(&mut self) {
        // A tokio runtime may not be dropped where it would block; this way it may.
        self.release_threads();
    }
}
