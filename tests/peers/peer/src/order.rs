//! The works there are.

use serde::{Deserialize, Serialize};

/// What a peer is asked to do. One that cannot do a work leaves it out of its [`Hello`](crate::Hello) and is not asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Order {
    /// Calls of what is loaded and has answered before: makes ready first, outside the time it answers.
    Calls {
        /// What each call asks.
        call: Call,
        /// How many in all.
        calls: usize,
        /// How many at once, as far as the peer can: one that cannot says in its answer how many it had.
        in_flight: usize,
        /// Queries in one call: one request with so many refIds, or so many calls by turns where a peer has no such
        /// thing.
        queries: usize,
        /// Data sources to spread them over, by turns.
        sources: usize,
    },
    /// Plugin file on disk to first answer (an empty table of [`Table::Series`]), in a host that runs and has nothing of
    /// this plugin.
    FirstAnswer {
        /// With what an earlier start left in its cache; else with an empty one.
        warm: bool,
    },
    /// The plugin in use is replaced by one with other bytes: from the write of the file to the first answer of the new
    /// one.
    Reload {
        /// As for a first answer: the new file was compiled before.
        warm: bool,
    },
    /// Makes plugins and data sources, has each answer once, and leaves them idle until the next order: for memory.
    Idle {
        /// How many plugins, each with bytes of its own.
        plugins: usize,
        /// Data sources of each.
        sources: usize,
    },
}

/// What one call asks of the plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Call {
    /// A health check, which the plugin answers at once.
    Health,
    /// A query for a table, whose frame is there as Arrow IPC bytes when it is over.
    Query {
        /// Which.
        table: Table,
        /// Its rows.
        rows: usize,
    },
    /// A query for which the plugin asks `url` and waits for its answer; the frame has one row.
    Upstream {
        /// Answers plain HTTP after a while.
        url: String,
    },
}

/// The tables of crate `wellhead-peer-table`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Table {
    /// Time and float64.
    Series,
    /// Ten columns with strings and nulls.
    Mixed,
}
