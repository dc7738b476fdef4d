//! From a component's bytes to code that is ready to run: taken from where it was kept, else compiled, one component at a
//! time and within bounds.
//!
//! Here is the order of things. Below it: `store` (the folder of compiled code), `child` and `worker` (the two ends of a
//! compile in a process of its own, talking as `protocol` says), `turns` (whose turn it is). When code is asked for, and
//! what becomes of it, is the plugin's business.

mod child;
mod command;
mod error;
mod functions;
mod protocol;
mod purpose;
mod store;
mod turns;
mod worker;

pub use command::CompileCommand;
pub use error::CompileError;
pub use purpose::CompileFor;
pub use worker::compile_worker;

pub(crate) use functions::FunctionCache;
pub(crate) use turns::Priority;

use super::prepared::Prepared;
use super::state::HostState;
use crate::{Limits, RuntimeError};
use bytes::Bytes;
use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use store::CodeStore;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use turns::{Turn, Turns};
use wasmtime::component::{Component, Linker};

/// Code that can be instantiated, and how it was come by.
#[derive(Clone)]
pub(crate) struct Compiled {
    pub(crate) prepared: Arc<Prepared>,
    /// Without the wait for a turn; zero for code that was in use already.
    pub(crate) took: Duration,
    /// Nothing was compiled: the code was in use already, or kept from an earlier time.
    pub(crate) cached: bool,
}

/// Turns components into [`Prepared`] code. One per runtime.
pub(crate) struct Compiler {
    linker: Linker<HostState>,
    limits: Arc<Limits>,
    purpose: CompileFor,
    /// `None` compiles in this process, where a component that is made to cost much can be bounded by its size alone.
    child: Option<CompileCommand>,
    store: Option<CodeStore>,
    turns: Turns,
    /// Bounds the threads that read kept code: a folder of 500 plugins is asked for at once.
    loading: Semaphore,
    /// Code in use, by its hash: two generations of one component, or two plugins, share it.
    in_use: Mutex<HashMap<String, Weak<Prepared>>>,
    stopped: CancellationToken,
}

impl Compiler {
    /// Opens the folder of compiled code, if there is to be one.
    pub(crate) fn open(
        linker: Linker<HostState>,
        limits: Arc<Limits>,
        purpose: CompileFor,
        child: Option<CompileCommand>,
        folder: Option<&Path>,
    ) -> Result<Self, RuntimeError> {
        let store = folder.map(|folder| CodeStore::open(folder, linker.engine(), limits.compile_cache_bytes));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            store: store.transpose()?,
            linker,
            limits,
            purpose,
            child,
            turns: Turns::default(),
            loading: Semaphore::new(cores),
            in_use: Mutex::default(),
            stopped: CancellationToken::new(),
        })
    }

    /// The code of the component whose bytes hash to `code_hash`. `threads` are where files are
    /// read and the compiler is waited for.
    ///
    /// Dropping the future ends the process that compiles. A compile in this process cannot be ended, and keeps its turn
    /// until it is done.
    pub(crate) async fn prepare(
        self: &Arc<Self>,
        threads: &Handle,
        code_hash: &str,
        wasm: Bytes,
        priority: Priority,
    ) -> Result<Compiled, CompileError> {
        let prepared = async {
            if let Some(kept) = self.kept(threads, code_hash).await? {
                return Ok(kept);
            }
            let turn = self.turns.take(priority).await.ok_or(CompileError::Stopped)?;
            // The same code may have been asked for twice, and the other was first.
            if let Some(kept) = self.kept(threads, code_hash).await? {
                return Ok(kept);
            }
            self.compile(threads, code_hash, wasm, turn).await
        };
        self.stopped.run_until_cancelled(prepared).await.unwrap_or(Err(CompileError::Stopped))
    }

    /// Ends what is being compiled in a child, and compiles nothing more.
    pub(crate) fn stop(&self) {
        self.stopped.cancel();
    }

    async fn kept(self: &Arc<Self>, threads: &Handle, code_hash: &str) -> Result<Option<Compiled>, CompileError> {
        if let Some(prepared) = self.find_in_use(code_hash) {
            return Ok(Some(Compiled { prepared, took: Duration::ZERO, cached: true }));
        }
        if self.store.is_none() {
            return Ok(None);
        }
        let _thread = self.loading.acquire().await.map_err(|_| CompileError::Stopped)?;
        let started = Instant::now();
        let (this, hash) = (self.clone(), code_hash.to_owned());
        let load = move || {
            let component = this.store.as_ref().and_then(|store| store.load(this.linker.engine(), &hash));
            component.map(|component| this.link(&hash, &component)).transpose()
        };
        let loaded = on_a_thread(threads, load).await?;
        Ok(loaded.map(|prepared| Compiled { prepared, took: started.elapsed(), cached: true }))
    }

    async fn compile(
        self: &Arc<Self>,
        threads: &Handle,
        code_hash: &str,
        wasm: Bytes,
        turn: Turn,
    ) -> Result<Compiled, CompileError> {
        let started = Instant::now();
        // The thread sees its end of the pair closed once this future is dropped, and ends the child.
        let (_wanted, wanted) =
            UnixStream::pair().map_err(|error| CompileError::failed(format!("no socket pair: {error}")))?;
        let (this, hash) = (self.clone(), code_hash.to_owned());
        let compile = move || {
            let _turn = turn;
            let component = match &this.child {
                Some(command) => this.compile_in_child(command, &hash, &wasm, &wanted)?,
                None => this.compile_here(&hash, &wasm)?,
            };
            this.link(&hash, &component)
        };
        let prepared = on_a_thread(threads, compile).await?;
        Ok(Compiled { prepared, took: started.elapsed(), cached: false })
    }

    fn compile_in_child(
        &self,
        command: &CompileCommand,
        code_hash: &str,
        wasm: &[u8],
        wanted: &UnixStream,
    ) -> Result<Component, CompileError> {
        let code = child::compile(command, wasm, self.purpose, &self.limits, wanted)?;
        let engine = self.linker.engine();
        let kept = self.store.as_ref().and_then(|store| {
            store.keep(code_hash, &code);
            store.load(engine, code_hash)
        });
        if let Some(component) = kept {
            return Ok(component);
        }
        // SAFETY: the bytes are what `precompile_component` made in a process that this one started from a program its
        // operator named; they came through a pipe that no other process writes to.
        let component = unsafe { Component::deserialize(engine, &code) };
        component.map_err(|error| CompileError::failed(format!("its worker made code of another kind: {error:#}")))
    }

    fn compile_here(&self, code_hash: &str, wasm: &[u8]) -> Result<Component, CompileError> {
        let component = Component::new(self.linker.engine(), wasm)
            .map_err(|error| CompileError::DoesNotCompile { reason: format!("{error:#}") })?;
        if let Some(store) = &self.store {
            match component.serialize() {
                Ok(code) => store.keep(code_hash, &code),
                Err(error) => tracing::warn!(target: "wellhead::runtime", "compiled code is not kept: {error:#}"),
            }
        }
        Ok(component)
    }

    fn link(&self, code_hash: &str, component: &Component) -> Result<Arc<Prepared>, CompileError> {
        let prepared = Prepared::link(&self.linker, component)?;
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.retain(|_, code| code.strong_count() > 0);
        in_use.insert(code_hash.to_owned(), Arc::downgrade(&prepared));
        Ok(prepared)
    }

    fn find_in_use(&self, code_hash: &str) -> Option<Arc<Prepared>> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner).get(code_hash)?.upgrade()
    }
}

/// Compiling and reading files block: neither is for an async thread.
async fn on_a_thread<T: Send + 'static>(
    threads: &Handle,
    work: impl FnOnce() -> Result<T, CompileError> + Send + 'static,
) -> Result<T, CompileError> {
    let done = threads.spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        Err(if error.is_panic() { CompileError::failed(error.to_string()) } else { CompileError::Stopped })
    })
}
