//! What came of a measurement: printed, saved, and read again to compare with.

use super::Start;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;

/// Of a saved run. It grows when a figure changes its meaning.
pub(super) const FORMAT: u32 = 1;

/// One measurement of one plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    pub(super) format: u32,
    /// The plugin's id.
    pub(crate) plugin: String,
    /// Its `info.version`.
    pub(crate) version: String,
    /// A request: what was asked, again and again.
    pub(crate) queries: Vec<Map<String, Value>>,
    /// Of the machine.
    pub(crate) cores: usize,
    /// With code that was never compiled before.
    pub(crate) cold_start: Start,
    /// With code from the cache.
    pub(crate) warm_start: Start,
    /// By how much the process grows with one more data source; `None` where the system does not say.
    pub(crate) memory_bytes: Option<u64>,
    /// By how many requests were under way at once.
    pub(crate) levels: Vec<Level>,
}

/// Requests, so many at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Level {
    /// Under way at once.
    pub(crate) concurrency: usize,
    /// Answered well.
    pub(crate) requests: u64,
    /// Answered with an error; not in the figures below, but for CPU.
    pub(crate) failed: u64,
    /// The first error.
    pub(crate) first_failure: Option<String>,
    /// How long it took.
    pub(crate) seconds: f64,
    pub(crate) requests_per_second: f64,
    /// Half of the answers took no longer.
    pub(crate) p50_ms: f64,
    /// 99 of 100 answers took no longer.
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
    /// CPU microseconds a request in the guest.
    pub(crate) guest_cpu_us: f64,
    /// CPU microseconds a request in the rest of the process, whoever asks included.
    pub(crate) host_cpu_us: f64,
}

impl Run {
    /// The run that `--save` wrote to `file`.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read the saved run {}", file.display()))?;
        let no_run = || format!("{} is no run that `wellhead bench --save` wrote", file.display());
        let run: Self = serde_json::from_slice(&bytes).with_context(no_run)?;
        if run.format != FORMAT {
            bail!("{} is a run of format {}, this program reads {FORMAT}: save it again", file.display(), run.format);
        }
        Ok(run)
    }
}
