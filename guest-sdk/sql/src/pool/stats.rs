//! What a pool says about itself, to the host's metrics and to tests.

use std::cell::Cell;
use std::time::Duration;

use wellhead_sdk::metrics::{Counter, Gauge, Histogram};

static CONNECTIONS: Gauge = Gauge::new("sql_pool_connections");
static WAITING: Gauge = Gauge::new("sql_pool_waiting");
static WAIT: Histogram = Histogram::new("sql_pool_wait_seconds");
static CONNECTS: Counter = Counter::new("sql_pool_connects_total");
static DISCARDED: Counter = Counter::new("sql_pool_discarded_total");

/// A pool at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Connections given out, being made or being checked.
    pub in_use: usize,
    /// Connections nobody uses.
    pub idle: usize,
    /// Calls that wait for one.
    pub waiting: usize,
    /// Calls that had to wait, ever.
    pub waits: u64,
    /// Connections made, ever.
    pub connects: u64,
    /// Connections thrown away, ever.
    pub discarded: u64,
}

/// Why a connection is thrown away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It failed, or was dropped in the middle of something.
    Broken,
    /// It is too old, or was idle for too long.
    Worn,
    /// There are enough idle ones.
    Surplus,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) waits: Cell<u64>,
    pub(super) connects: Cell<u64>,
    pub(super) discarded: Cell<u64>,
}

impl Counts {
    pub(super) fn waited(&self, how_long: Duration) {
        self.waits.set(self.waits.get() + 1);
        WAIT.observe(how_long.as_secs_f64(), &[]);
    }

    pub(super) fn connected(&self, made: bool) {
        self.connects.set(self.connects.get() + u64::from(made));
        CONNECTS.add(1.0, &[("result", if made { "ok" } else { "error" })]);
    }

    pub(super) fn discarded(&self, why: Why) {
        self.discarded.set(self.discarded.get() + 1);
        let why = match why {
            Why::Broken => "broken",
            Why::Worn => "worn",
            Why::Surplus => "surplus",
        };
        DISCARDED.add(1.0, &[("reason", why)]);
    }
}

/// Tells the host what is open.
pub(super) fn export(stats: PoolStats) {
    let number = |number: usize| number as f64;
    CONNECTIONS.set(number(stats.in_use + stats.idle), &[("state", "open")]);
    CONNECTIONS.set(number(stats.in_use), &[("state", "in_use")]);
    CONNECTIONS.set(number(stats.idle), &[("state", "idle")]);
    WAITING.set(number(stats.waiting), &[]);
}
