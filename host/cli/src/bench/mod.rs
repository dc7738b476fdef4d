//! What a plugin costs: to load, to start, to keep, to ask. Measured in this process, with nothing else in the way; the
//! load is made here too, and its share of the CPU is told with the host's.
//!
//! Here is the order of things. Below: `host` (a host with one plugin), `start` and `memory` and `level` (what is measured),
//! `usage` (where the figures come from), `run` (what is kept), `compare`.

mod compare;
mod host;
mod level;
mod memory;
mod run;
mod start;
mod usage;

pub(crate) use compare::{Compared, Ratios};
pub(crate) use run::{Level, Run};
pub(crate) use start::{LoadCost, Start, load_cost};

use crate::ask::{Request, SourceArgs};
use crate::progress;
use crate::words::counted;
use anyhow::Result;
use host::BenchHost;
use std::time::Duration;
use wellhead::{GuestProfile, Manifest};
use wellhead_component::PluginFile;

/// What is to be measured.
pub(crate) struct Plan<'a> {
    pub(crate) file: &'a PluginFile,
    /// The one that hosts take.
    pub(crate) manifest: &'a Manifest,
    pub(crate) source: &'a SourceArgs,
    pub(crate) request: &'a Request,
    /// Requests under way at once; each is a level of its own.
    pub(crate) levels: &'a [usize],
    /// Of a level.
    pub(crate) duration: Duration,
    pub(crate) profile: Option<GuestProfile>,
}

impl Plan<'_> {
    /// Measures all of it, which takes the levels' time and some seconds.
    pub(crate) async fn run(&self) -> Result<Run> {
        let source = self.source.data_source(self.manifest)?;
        let shown = progress::shown("Starting the plugin cold, then from the cache");
        let cache = host::temporary_cache()?;
        let mut cold = BenchHost::new(self.file, &source, self.request, cache.path(), None).await?;
        let cold_start = start::started(&mut cold).await;
        cold.shutdown().await;
        let cold_start = cold_start?;
        let mut host = BenchHost::new(self.file, &source, self.request, cache.path(), self.profile.clone()).await?;
        let measured = self.warm(&mut host, shown).await;
        host.shutdown().await;
        let (warm_start, memory_bytes, levels) = measured?;
        Ok(Run {
            format: run::FORMAT,
            plugin: self.manifest.id.clone(),
            version: self.manifest.info.version.clone(),
            queries: self.request.queries.clone(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cold_start,
            warm_start,
            memory_bytes,
            levels,
        })
    }

    async fn warm(&self, host: &mut BenchHost, shown: progress::Progress) -> Result<(Start, Option<u64>, Vec<Level>)> {
        let warm_start = start::started(host).await?;
        let memory_bytes = memory::of_a_data_source(&host.asker).await?;
        drop(shown);
        let mut levels = Vec::new();
        for &concurrency in self.levels {
            let seconds = self.duration.as_secs_f64();
            let what = format!("Asking for {seconds} s, {} at once", counted(concurrency, "request"));
            let _shown = progress::shown(what);
            levels.push(level::measure(&host.asker, concurrency, self.duration).await?);
        }
        Ok((warm_start, memory_bytes, levels))
    }
}
