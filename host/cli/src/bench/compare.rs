//! A run beside an earlier one: each figure as a multiple of what it was.

use super::{Level, Run, Start};
use serde::Serialize;

/// Figures of a run, each divided by the earlier run's. `None` where that has none.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ratios {
    pub(crate) cold_start: Option<f64>,
    pub(crate) warm_start: Option<f64>,
    pub(crate) memory_bytes: Option<f64>,
    /// In the run's order; `None` where the earlier run has no such level.
    pub(crate) levels: Vec<Option<LevelRatios>>,
}

/// Figures of a level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LevelRatios {
    pub(crate) concurrency: usize,
    pub(crate) requests_per_second: Option<f64>,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    pub(crate) guest_cpu_us: Option<f64>,
    pub(crate) host_cpu_us: Option<f64>,
}

/// What comparing told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Compared {
    pub(crate) ratios: Ratios,
    /// Why the two should not be compared, a sentence each.
    pub(crate) doubts: Vec<String>,
}

impl Compared {
    /// `now` as a multiple of `before`.
    pub(crate) fn new(now: &Run, before: &Run) -> Self {
        let total = |now: Start, before: Start| ratio(now.total_seconds, before.total_seconds);
        let memory = now.memory_bytes.zip(before.memory_bytes);
        let ratios = Ratios {
            cold_start: total(now.cold_start, before.cold_start),
            warm_start: total(now.warm_start, before.warm_start),
            memory_bytes: memory.and_then(|(now, before)| ratio(now as f64, before as f64)),
            levels: now.levels.iter().map(|level| level_ratios(level, &before.levels)).collect(),
        };
        let mut doubts = Vec::new();
        if now.plugin != before.plugin {
            doubts.push(format!("the saved run is of plugin {:?}, this one of {:?}", before.plugin, now.plugin));
        }
        if now.queries != before.queries {
            doubts.push("the saved run asked other queries".to_owned());
        }
        if now.cores != before.cores {
            doubts.push(format!("the saved run had {} cores, this one {}", before.cores, now.cores));
        }
        Self { ratios, doubts }
    }
}

fn level_ratios(now: &Level, before: &[Level]) -> Option<LevelRatios> {
    let before = before.iter().find(|level| level.concurrency == now.concurrency)?;
    Some(LevelRatios {
        concurrency: now.concurrency,
        requests_per_second: ratio(now.requests_per_second, before.requests_per_second),
        p50_ms: ratio(now.p50_ms, before.p50_ms),
        p99_ms: ratio(now.p99_ms, before.p99_ms),
        guest_cpu_us: ratio(now.guest_cpu_us, before.guest_cpu_us),
        host_cpu_us: ratio(now.host_cpu_us, before.host_cpu_us),
    })
}

fn ratio(now: f64, before: f64) -> Option<f64> {
    Some(now / before).filter(|ratio| ratio.is_finite())
}
