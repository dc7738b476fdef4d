//! The one wasmtime engine of a runtime, and the thread that lets running guests be interrupted.

use super::bindings::{cache, fetch, log, metrics, types};
use super::deadlines::Deadlines;
use super::state::HostState;
use crate::RuntimeError;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Cache, CacheConfig, Config, Engine};

/// How often a running guest looks up from its work: it yields to other calls and sees that it is to be killed. The
/// longest a spinning guest can hold a guest thread at a time.
pub(crate) const EPOCH_TICK: Duration = Duration::from_millis(5);

/// Makes the engine and starts its ticker, which ends with the engine and rings the calls' deadlines too.
pub(crate) fn engine(compile_cache: Option<&Path>, deadlines: Arc<Deadlines>) -> Result<Engine, RuntimeError> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    // Instances are long-lived, so the on-demand allocator's 35 µs an instance do not matter, while the pooling
    // allocator would reserve address space for the most there can ever be.
    config.allocation_strategy(wasmtime::InstanceAllocationStrategy::OnDemand);
    if let Some(directory) = compile_cache {
        private_directory(directory)?;
        let mut cache = CacheConfig::new();
        cache.with_directory(directory);
        let cache = Cache::new(cache)
            .map_err(|error| RuntimeError::CompileCache { path: directory.to_owned(), reason: format!("{error:#}") })?;
        config.cache(Some(cache));
    }
    let engine = Engine::new(&config).map_err(|error| RuntimeError::Engine { reason: format!("{error:#}") })?;
    start_ticker(&engine, deadlines)?;
    Ok(engine)
}

/// The cache holds native code that the host runs: nobody else may write there.
fn private_directory(path: &Path) -> Result<(), RuntimeError> {
    let failed =
        |error: std::io::Error| RuntimeError::CompileCache { path: path.to_owned(), reason: error.to_string() };
    fs::create_dir_all(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

fn start_ticker(engine: &Engine, deadlines: Arc<Deadlines>) -> Result<(), RuntimeError> {
    let weak = engine.weak();
    std::thread::Builder::new()
        .name("wellhead-epoch".into())
        .spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                deadlines.ring(Instant::now());
                std::thread::sleep(EPOCH_TICK);
            }
        })
        .map(drop)
        .map_err(|error| RuntimeError::Engine { reason: format!("no thread for the epoch ticker: {error}") })
}

/// Everything a guest may import. What is not here cannot be had: sockets, name look-up and files are linked but empty.
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
    Ok(linker)
}
