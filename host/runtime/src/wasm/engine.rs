//! The one wasmtime engine of a runtime, and the thread that lets running guests be interrupted.

use super::bindings::{cache, fetch, log, metrics, net, types};
use super::compile::{CompileFor, FunctionCache};
use super::deadlines::Deadlines;
use super::profile::GuestProfile;
use super::state::HostState;
use crate::RuntimeError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Engine, OptLevel, WasmBacktraceDetails};

/// How often a running guest looks up from its work: it yields to other calls and sees that it is to be killed. The
/// longest a spinning guest can hold a guest thread at a time.
pub(crate) const EPOCH_TICK: Duration = Duration::from_millis(5);

/// How code is made and run. Host and compile worker share it, or the one could not run what the other made.
pub(super) fn config(purpose: CompileFor) -> Config {
    let mut config = Config::new();
    if purpose == CompileFor::Development {
        config.cranelift_opt_level(OptLevel::None);
        config.wasm_backtrace_details(WasmBacktraceDetails::Enable);
    }
    config.epoch_interruption(true);
    // Instances are long-lived, so the on-demand allocator's 35 µs an instance do not matter, while the pooling
    // allocator would reserve address space for the most there can ever be.
    config.allocation_strategy(wasmtime::InstanceAllocationStrategy::OnDemand);
    config
}

/// Makes the engine and starts its ticker, which ends with the engine and rings the calls' deadlines too.
pub(crate) fn engine(
    purpose: CompileFor,
    deadlines: Arc<Deadlines>,
    profile: Option<GuestProfile>,
) -> Result<Engine, RuntimeError> {
    let failed = |error: wasmtime::Error| RuntimeError::Engine { reason: format!("{error:#}") };
    let mut config = config(purpose);
    if purpose == CompileFor::Development {
        config.enable_incremental_compilation(Arc::new(FunctionCache::default())).map_err(failed)?;
    }
    let engine = Engine::new(&config).map_err(failed)?;
    start_ticker(&engine, deadlines, profile)?;
    Ok(engine)
}

fn start_ticker(engine: &Engine, deadlines: Arc<Deadlines>, profile: Option<GuestProfile>) -> Result<(), RuntimeError> {
    let weak = engine.weak();
    let every = if profile.is_some() { GuestProfile::interval() } else { EPOCH_TICK };
    std::thread::Builder::new()
        .name("wellhead-epoch".into())
        .spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                if let Some(profile) = &profile {
                    profile.ticked();
                }
                drop(engine);
                deadlines.ring(Instant::now());
                std::thread::sleep(every);
            }
        })
        .map(drop)
        .map_err(|error| RuntimeError::Engine { reason: format!("no thread for the epoch ticker: {error}") })
}

/// Everything a guest may import. What is not here cannot be had: WASI's sockets, name look-up and files are linked but empty.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<HostState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    types::add_to_linker::<_, HasSelf<HostState>>(&mut linker, |state| state)?;
    log::add_to_linker::<_, HasSelf<HostState>>(&mut linker, |state| state)?;
    metrics::add_to_linker::<_, HasSelf<HostState>>(&mut linker, |state| state)?;
    cache::add_to_linker::<_, HasSelf<HostState>>(&mut linker, |state| state)?;
    fetch::add_to_linker::<_, HasSelf<HostState>>(&mut linker, |state| state)?;
    net::add_to_linker::<_, HasSelf<HostState>>(&mut linker, |state| state)?;
    Ok(linker)
}
