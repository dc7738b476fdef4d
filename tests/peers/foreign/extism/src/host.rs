//! extism, as its users have it: a cache, compiled plugins, pools of them.

use anyhow::{Context, Result, anyhow};
use extism::{CompiledPlugin, Manifest, Plugin, Pool, PoolBuilder, Wasm};
use peer_blocking::replace;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longer than any call takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// What all plugins have in common.
pub(crate) struct Host {
    cache: PathBuf,
}

impl Host {
    /// With compiled code in this folder; extism's kernel is there afterwards.
    pub(crate) fn new(cache: &Path) -> Result<Self> {
        let config = cache.join("cache.toml");
        let text = format!("[cache]\ndirectory = {:?}\n", cache.join("code"));
        // Whole or not there: another process may read it.
        replace(&config, text.as_bytes())?;
        let host = Self { cache: config };
        host.compile(Manifest::new([Wasm::data(b"\0asm\x01\0\0\0".to_vec())]))?;
        Ok(host)
    }

    /// Reads and compiles a file, or finds its code in the cache.
    pub(crate) fn load(&self, file: &Path) -> Result<Compiled> {
        self.compile(Manifest::new([Wasm::file(file)]).with_allowed_host("*"))
    }

    fn compile(&self, manifest: Manifest) -> Result<Compiled> {
        let builder = extism::PluginBuilder::new(manifest).with_wasi(true).with_cache_config(&self.cache);
        Ok(Compiled(builder.compile()?))
    }
}

/// A plugin's code.
pub(crate) struct Compiled(CompiledPlugin);

impl Compiled {
    /// One of it, with memory of its own.
    pub(crate) fn plugin(&self) -> Result<Plugin> {
        Plugin::new_from_compiled(&self.0)
    }

    /// A pool for each data source, for so many threads.
    pub(crate) fn pooled(self, sources: usize, threads: usize) -> Loaded {
        let pool = || {
            let compiled = self.0.clone();
            PoolBuilder::new().with_max_instances(threads).build(move || Plugin::new_from_compiled(&compiled))
        };
        Loaded { pools: (0..sources).map(|_| pool()).collect(), threads }
    }
}

/// What calls go to.
pub(crate) struct Loaded {
    pools: Vec<Pool>,
    threads: usize,
}

impl Loaded {
    /// Whether it is for these.
    pub(crate) fn has(&self, sources: usize, threads: usize) -> bool {
        (self.pools.len(), self.threads) == (sources, threads)
    }

    /// A call by its number: data sources have them by turns.
    pub(crate) fn with<T>(&self, number: usize, call: impl FnOnce(&mut Plugin) -> Result<T>) -> Result<T> {
        let pool = self.pools.get(number % self.pools.len()).context("no data source")?;
        pool.with_plugin(PATIENCE, call)?.ok_or_else(|| anyhow!("no plugin is free"))
    }

    /// Every plugin there can be, so that all of them are made and have answered.
    pub(crate) fn all(&self, mut call: impl FnMut(&mut Plugin) -> Result<()>) -> Result<()> {
        for pool in &self.pools {
            let mut taken = Vec::with_capacity(self.threads);
            for _ in 0..self.threads {
                taken.push(pool.get(PATIENCE)?.context("no plugin is free")?);
            }
            for plugin in &mut taken {
                call(plugin)?;
            }
        }
        Ok(())
    }
}
