//! What a peer says.

use crate::Latencies;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A peer's first line, before any order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// As it stands in the tables: `gRPC child`, `extism`.
    pub name: String,
    /// What it is built from, with versions.
    pub built_from: String,
    /// Works it cannot do, each with the reason, which the tables print: `("reload", "has no such thing")`. The words are
    /// an order's (`calls`, `first-answer`, `reload`, `idle`; `reload-warm` and the like for one half of it), a call's
    /// (`health`, `query`, `upstream`), a table's, or `queries` and `sources` for calls with more than one of them.
    pub cannot: Vec<(String, String)>,
}

/// A peer's line after an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Of the work alone, in nanoseconds: what was made ready before is not in it.
    pub wall_ns: u64,
    /// Calls that were answered well. All must be: a peer ends with an error otherwise.
    pub calls: u64,
    /// Bytes of frames that came to the host, Arrow IPC.
    pub bytes: u64,
    /// Calls that really were under way at once, where that is fewer than was asked.
    pub in_flight: Option<usize>,
    /// Half of the calls took no longer, in nanoseconds.
    pub p50_ns: u64,
    /// 99 of 100 calls took no longer, in nanoseconds.
    pub p99_ns: u64,
    /// CPU time of the plugin's part, in nanoseconds, where plugin and host share a process and the peer can tell them
    /// apart. Where they do not, the runner reads it of the children.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin_cpu_ns: Option<u64>,
    /// Its processes now: itself first, then children, which are the plugins' side.
    pub pids: Vec<u32>,
}

impl Answer {
    /// Of a work of one piece, by this process alone.
    #[must_use]
    pub fn once(took: Duration) -> Self {
        let wall_ns = nanos(took);
        Self { wall_ns, calls: 1, p50_ns: wall_ns, p99_ns: wall_ns, pids: vec![std::process::id()], ..Self::default() }
    }

    /// Of calls, by this process alone.
    #[must_use]
    pub fn of_calls(took: Duration, latencies: &Latencies, bytes: u64) -> Self {
        Self {
            wall_ns: nanos(took),
            calls: latencies.count(),
            bytes,
            p50_ns: latencies.percentile(0.5),
            p99_ns: latencies.percentile(0.99),
            pids: vec![std::process::id()],
            ..Self::default()
        }
    }
}

pub(crate) fn nanos(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}
