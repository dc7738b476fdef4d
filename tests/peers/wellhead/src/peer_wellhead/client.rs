//! Data sources of a runtime, asked through its plugin client.

use crate::Setup;
use anyhow::{Context, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::task::coop::unconstrained;
use wellhead_peer::{Answer, Latencies, drive_some};
use wellhead_peers::{Ask, EMPTY, PLUGIN, context, in_turn};
use wellhead_runtime::{PluginContext, Runtime};

/// How many are opened at once.
const OPENED_AT_ONCE: usize = 16;
/// The counter of guests' CPU time, in seconds; a line for each data source.
const GUEST_CPU: &str = "wellhead_plugin_guest_cpu_seconds_total{";
/// Above so many data sources, to read that counter would cost what is measured.
const FEW: usize = 16;

pub(crate) struct Client {
    runtime: Runtime,
    contexts: Arc<[PluginContext]>,
    url: String,
    tasks: usize,
}

impl Client {
    /// So many plugins with so many data sources each, all of which have answered once.
    pub(crate) async fn new(setup: &Setup, plugins: usize, sources: usize, url: &str) -> Result<Self> {
        let runtime = setup.host(setup.files.cache())?.build()?;
        let mut contexts = Vec::new();
        for plugin in 0..plugins.max(1) {
            let id = format!("{PLUGIN}-{plugin}");
            runtime.load_file(&setup.files.plugin(plugin, &id)?).await?;
            contexts.extend((0..sources.max(1)).map(|source| context(&id, source, url)));
        }
        let client = Self { runtime, contexts: contexts.into(), url: url.to_owned(), tasks: setup.tasks };
        client.drive(&Ask::of(&EMPTY, 1)?, client.contexts.len(), OPENED_AT_ONCE).await?;
        Ok(client)
    }

    /// Whether it has so many data sources, with this URL.
    pub(crate) fn is(&self, sources: usize, url: &str) -> bool {
        self.contexts.len() == sources.max(1) && self.url == url
    }

    pub(crate) async fn calls(&self, ask: &Ask, calls: usize, in_flight: usize) -> Result<Answer> {
        let before = self.guest_cpu();
        let answer = self.drive(ask, calls, in_flight).await?;
        let plugin = self.guest_cpu().zip(before).map(|(after, before)| after.saturating_sub(before));
        let nanos = plugin.map(|spent| u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX));
        Ok(Answer { plugin_cpu_ns: nanos, ..answer })
    }

    pub(crate) async fn end(self) {
        self.runtime.shutdown(Duration::from_secs(5)).await;
    }

    async fn drive(&self, ask: &Ask, calls: usize, in_flight: usize) -> Result<Answer> {
        let tasks = self.tasks.min(in_flight).max(1);
        let began = Instant::now();
        let some_of_them = |task: usize| {
            let (client, contexts, ask) = (self.runtime.client().clone(), self.contexts.clone(), ask.clone());
            let numbers = (0..calls).skip(task).step_by(tasks);
            let in_flight = (in_flight + task) / tasks;
            async move {
                let call = async |number| ask.of_source(&client, in_turn(&contexts, number)?).await;
                // One task's budget is for 128 answers; calls that are answered at once would use all of it, and those that
                // wait beside them would not be looked at before the end.
                unconstrained(drive_some(numbers, in_flight, call)).await
            }
        };
        if tasks == 1 {
            // Where bare wasmtime's driver runs: on a worker, each time it wakes itself the idle one beside it is woken too.
            let driven = some_of_them(0).await?;
            return Ok(Answer::of_calls(began.elapsed(), &driven.latencies, driven.bytes));
        }
        let mut working: JoinSet<_> = (0..tasks).map(some_of_them).collect();
        let (mut latencies, mut bytes) = (Latencies::with_capacity(calls), 0);
        while let Some(done) = working.join_next().await {
            let driven = done.context("a task of the driver ended")??;
            latencies.merge(&driven.latencies);
            bytes += driven.bytes;
        }
        Ok(Answer::of_calls(began.elapsed(), &latencies, bytes))
    }

    fn guest_cpu(&self) -> Option<Duration> {
        if self.contexts.len() > FEW {
            return None;
        }
        let mut metrics = String::new();
        self.runtime.encode_metrics(&mut metrics);
        let lines = metrics.lines().filter(|line| line.starts_with(GUEST_CPU));
        let seconds: f64 = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
        Duration::try_from_secs_f64(seconds).ok()
    }
}
