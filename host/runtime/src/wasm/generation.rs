//! One loaded version of a plugin's code, and how many instances run it.

use super::compile::{CompileError, Compiled, Priority};
use super::host::WasmHost;
use super::prepared::Prepared;
use crate::{GenerationId, GenerationStatus, Manifest, PluginState};
use bytes::Bytes;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::{Notify, OnceCell};

/// Shared by the plugin, its routes and their instances.
pub(super) struct Generation {
    pub(super) id: GenerationId,
    pub(super) manifest: Arc<Manifest>,
    pub(super) loaded_at: SystemTime,
    /// Needed until it is compiled.
    wasm: Mutex<Option<Bytes>>,
    /// By which compiled code is found again.
    code_hash: String,
    compiled: OnceCell<Result<Compiled, CompileError>>,
    compiling: AtomicBool,
    /// Whether an instance of it was configured: only then a trap in `configure` is the data source's own.
    proven: AtomicBool,
    in_use: Arc<Uses>,
}

#[derive(Debug, Default)]
struct Uses {
    count: AtomicUsize,
    none: Notify,
}

/// One instance that runs a generation.
#[derive(Debug)]
pub(super) struct InUse(Arc<Uses>);

impl Generation {
    pub(super) fn new(id: GenerationId, manifest: Arc<Manifest>, wasm: Bytes, code_hash: String) -> Arc<Self> {
        Arc::new(Self {
            id,
            manifest,
            loaded_at: SystemTime::now(),
            wasm: Mutex::new(Some(wasm)),
            code_hash,
            compiled: OnceCell::new(),
            compiling: AtomicBool::new(false),
            proven: AtomicBool::new(false),
            in_use: Arc::default(),
        })
    }

    /// Its compiled code; compiles it first where that was not done. Those who wait may go: it is compiled all the same.
    pub(super) async fn prepared(
        self: &Arc<Self>,
        host: &Arc<WasmHost>,
        priority: Priority,
    ) -> Result<Arc<Prepared>, CompileError> {
        if let Some(compiled) = self.compiled.get() {
            return code(compiled);
        }
        let (generation, compiler) = (self.clone(), host.clone());
        let compiled = host.around.io.spawn(async move {
            let compile = || generation.compile(&compiler, priority);
            generation.compiled.get_or_try_init(compile).await.map_or_else(Err, code)
        });
        compiled.await.unwrap_or(Err(CompileError::Stopped))
    }

    /// What came of it for good; an error that may pass is handed back, and what is needed to try again is kept.
    async fn compile(
        &self,
        host: &WasmHost,
        priority: Priority,
    ) -> Result<Result<Compiled, CompileError>, CompileError> {
        self.compiling.store(true, Ordering::Release);
        let wasm = self.wasm().clone().unwrap_or_default();
        match host.compile(&self.manifest.id, &self.code_hash, wasm, priority).await {
            Err(error) if error.is_passing() => {
                self.compiling.store(false, Ordering::Release);
                Err(error)
            }
            compiled => {
                *self.wasm() = None;
                Ok(compiled)
            }
        }
    }

    fn wasm(&self) -> MutexGuard<'_, Option<Bytes>> {
        self.wasm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is in its life, as far as it knows itself.
    pub(super) fn state(&self) -> PluginState {
        match self.compiled.get() {
            None if self.compiling.load(Ordering::Acquire) => PluginState::Compiling,
            None => PluginState::Discovered,
            Some(Err(_)) => PluginState::Rejected,
            Some(Ok(_)) if self.is_proven() => PluginState::Active,
            Some(Ok(_)) => PluginState::Ready,
        }
    }

    pub(super) fn status(&self) -> GenerationStatus {
        GenerationStatus {
            id: self.id.clone(),
            state: self.state(),
            loaded_at: self.loaded_at,
            compile: self.compile_time(),
            instances: self.instances(),
        }
    }

    /// Time to compile it, or to take it from the cache.
    pub(super) fn compile_time(&self) -> Option<Duration> {
        self.compiled.get()?.as_ref().ok().map(|compiled| compiled.took)
    }

    pub(super) fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Acquire)
    }

    pub(super) fn prove(&self) {
        self.proven.store(true, Ordering::Release);
    }

    pub(super) fn in_use(&self) -> InUse {
        self.in_use.count.fetch_add(1, Ordering::AcqRel);
        InUse(self.in_use.clone())
    }

    /// Instances alive.
    pub(super) fn instances(&self) -> usize {
        self.in_use.count.load(Ordering::Acquire)
    }

    /// Waits until no instance runs it.
    pub(super) async fn drained(&self) {
        loop {
            let mut none = std::pin::pin!(self.in_use.none.notified());
            // Registered before the count is read, so that the last one cannot slip between.
            none.as_mut().enable();
            if self.instances() == 0 {
                return;
            }
            none.await;
        }
    }
}

fn code(compiled: &Result<Compiled, CompileError>) -> Result<Arc<Prepared>, CompileError> {
    compiled.as_ref().map(|compiled| compiled.prepared.clone()).map_err(CompileError::clone)
}

impl Drop for InUse {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_waiters();
        }
    }
}
