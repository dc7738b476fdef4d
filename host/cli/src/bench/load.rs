//! What a plugin costs before its first call: compiled in a child process as `wellhead query --plugin` does it, and taken
//! from the cache.

use crate::commands::compile_component;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;
use wellhead::{PluginChange, Wellhead};
use wellhead_component::PluginFile;

/// How long a host that compiled may take to end.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// Seconds from a component's bytes to code that is ready to run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadCost {
    /// Where it was never compiled before.
    pub(crate) compile_seconds: f64,
    /// Where it was.
    pub(crate) cached_seconds: f64,
}

/// Compiles `file` into a cache folder of its own, and takes it from there. The user's cache stays as it is.
pub(crate) async fn load_cost(file: &PluginFile) -> Result<LoadCost> {
    let cache = tempfile::tempdir().context("cannot make a temporary folder")?;
    let compile = load(file, cache.path()).await?;
    let cached = load(file, cache.path()).await?;
    Ok(LoadCost { compile_seconds: compile.as_secs_f64(), cached_seconds: cached.as_secs_f64() })
}

async fn load(file: &PluginFile, cache: &Path) -> Result<Duration> {
    let name = file.path.display().to_string();
    let builder = Wellhead::builder().compile_cache(cache).compile_in_child(compile_component::command());
    let builder = match &file.sidecar {
        Some((_, manifest)) => builder.plugin_bytes_with_manifest(name, file.wasm.clone(), manifest.clone()),
        None => builder.plugin_bytes(name, file.wasm.clone()),
    };
    let wellhead = builder.build().await?;
    let compiled = compiled(&wellhead).await;
    wellhead.shutdown(SHUTDOWN).await;
    compiled
}

/// Waits until the host's only plugin is compiled.
pub(crate) async fn compiled(wellhead: &Wellhead) -> Result<Duration> {
    let mut events = wellhead.events();
    let Some(record) = wellhead.plugins().list().into_iter().next() else { bail!("it is no plugin") };
    // What happened before the events were listened to.
    if let Some(status) = wellhead.runtime().plugin_status(&record.manifest.id) {
        if let Some(took) = status.current.and_then(|generation| generation.compile) {
            return Ok(took);
        }
        if let Some(refused) = status.last_rejection {
            bail!("{}", refused.reason);
        }
    }
    while let Some(event) = events.next().await {
        match &event.change {
            PluginChange::Ready { compile, .. } => return Ok(*compile),
            PluginChange::Rejected { reason, .. } => bail!("{reason}"),
            _ => {}
        }
    }
    bail!("the host ended before the plugin was compiled")
}
