//! What a plugin costs before its first answer, step by step.

use super::host::{self, BenchHost};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{Duration, Instant};
use wellhead::PluginChange;
use wellhead_component::PluginFile;

/// Seconds from a component's bytes to its first answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Start {
    /// To read and check manifest and component, and to compile it or take it from the cache.
    pub(crate) compile_seconds: f64,
    /// To make an instance and have it read its settings.
    pub(crate) configure_seconds: f64,
    /// To answer the first request, once it is configured.
    pub(crate) answer_seconds: f64,
    /// All of it.
    pub(crate) total_seconds: f64,
}

/// Seconds from a component's bytes to code that is ready to run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadCost {
    /// Where it was never compiled before: in a process of its own, as hosts do it.
    pub(crate) compile_seconds: f64,
    /// Where it was.
    pub(crate) cached_seconds: f64,
}

/// Compiles `file` into a cache folder of its own, and takes it from there.
pub(crate) async fn load_cost(file: &PluginFile) -> Result<LoadCost> {
    let cache = host::temporary_cache()?;
    let compile = loaded(file, cache.path()).await?;
    let cached = loaded(file, cache.path()).await?;
    Ok(LoadCost { compile_seconds: compile.as_secs_f64(), cached_seconds: cached.as_secs_f64() })
}

async fn loaded(file: &PluginFile, cache: &Path) -> Result<Duration> {
    let wellhead = host::builder(cache).build().await?;
    let mut events = wellhead.events();
    let compiled = async {
        host::load(&wellhead, file).await?;
        host::compiled(&mut events).await
    };
    let compiled = compiled.await;
    host::end(&wellhead).await;
    compiled
}

/// Has a host that was just made come to its first answer.
pub(super) async fn started(host: &mut BenchHost) -> Result<Start> {
    host::compiled(&mut host.events).await?;
    let compile = host.began.elapsed();
    let asked = Instant::now();
    host.asker.ask(0).await.context("the plugin's first answer is an error, so there is nothing to measure")?;
    let answered = asked.elapsed();
    let mut configured = Duration::ZERO;
    // It was told before the answer came.
    while let Some(event) = host.events.next().await {
        if let PluginChange::Swapped { configure, .. } = &event.change {
            configured = *configure;
            break;
        }
    }
    Ok(Start {
        compile_seconds: compile.as_secs_f64(),
        configure_seconds: configured.as_secs_f64(),
        answer_seconds: answered.saturating_sub(configured).as_secs_f64(),
        total_seconds: (compile + answered).as_secs_f64(),
    })
}
