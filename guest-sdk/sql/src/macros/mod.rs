//! Macros: `$__timeFilter(ts)` and its kin, found in SQL and replaced by what the dialect has for them. The output is
//! Grafana's to the letter. What is quoted or a comment stays as it is; arguments may hold brackets, commas in quotes,
//! and macros.

mod catalog;
mod clickhouse;
mod error;
mod expander;
mod mysql;
mod postgres;
mod render;

use std::time::Duration;

use wellhead_sdk::TimeRange;
use wellhead_sdk::frame::{FillMode, Timestamp};

use crate::Dialect;
use expander::Expander;

pub use error::MacroError;

/// What macros are expanded with.
#[derive(Clone, Debug, Default)]
pub struct MacroContext {
    /// The time asked for.
    pub time_range: TimeRange,
    /// What `$__interval` stands for.
    pub interval: Duration,
    /// The time of day: `1M` and `1y` are as long as the month and the year that follow it.
    pub now: Timestamp,
    /// What `$__table` stands for; may be empty.
    pub table: String,
    /// What `$__column` stands for; may be empty.
    pub column: String,
    /// Also replaces `$__interval` and `$__interval_ms` within strings, as Grafana does and as queries with
    /// `time_bucket('$__interval', ts)` need it.
    pub intervals_in_strings: bool,
}

/// SQL without macros.
#[derive(Clone, Debug, PartialEq)]
pub struct Expanded {
    /// The text for the server.
    pub sql: String,
    /// How gaps of the result are to be filled, where a `$__timeGroup` says so; the last one counts.
    pub fill: Option<Fill>,
}

/// How gaps between the groups of a `$__timeGroup(col, period, fill)` are to be filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fill {
    /// The period: the step of the grid.
    pub period: Duration,
    /// With what.
    pub mode: FillMode,
}

/// Replaces the macros of a text.
///
/// ```
/// use wellhead_sql::{Dialect, MacroContext, expand};
/// use wellhead_sdk::{TimeRange, frame::Timestamp};
///
/// let time_range = TimeRange { from: Timestamp::from_seconds(60), to: Timestamp::from_seconds(120) };
/// let context = MacroContext { time_range, ..MacroContext::default() };
/// let sql = expand(Dialect::mysql(), "SELECT ts FROM t WHERE $__timeFilter(ts) -- not $__timeFilter(ts)", &context)?.sql;
/// assert_eq!(sql, "SELECT ts FROM t WHERE ts BETWEEN FROM_UNIXTIME(60) AND FROM_UNIXTIME(120) -- not $__timeFilter(ts)");
/// # Ok::<(), wellhead_sql::MacroError>(())
/// ```
///
/// # Errors
/// An unknown macro, too few or too many arguments, an argument that makes no sense, a bracket that is not closed; also
/// macros nested deeper than 16 times, and SQL that grows past 16 MiB.
pub fn expand(dialect: Dialect, sql: &str, context: &MacroContext) -> Result<Expanded, MacroError> {
    Expander::new(dialect, sql, context).run()
}

#[cfg(test)]
mod tests;
