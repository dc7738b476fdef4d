//! What a macro becomes, as far as the dialects agree; what they have of their own is in their modules.

use std::time::Duration;

use wellhead_sdk::frame::{FillMode, Timestamp};

use super::catalog::Macro;
use super::{Fill, MacroContext, clickhouse, mysql, postgres};
use crate::Dialect;
use crate::instant::seconds;
use crate::period::{format_period, parse_period};

/// Renders macros, and remembers what they say about filling.
pub(super) struct Renderer<'a> {
    pub(super) dialect: Dialect,
    pub(super) context: &'a MacroContext,
    pub(super) fill: Option<Fill>,
}

/// What the expander puts the macro's place to.
pub(super) type Problem = String;

impl Renderer<'_> {
    /// The text for a macro, whose arguments are as many as it takes and not empty.
    pub(super) fn render(&mut self, found: Macro, args: &[&str]) -> Result<String, Problem> {
        let context = self.context;
        let arg = |place: usize| args.get(place).copied().unwrap_or_default();
        Ok(match found {
            Macro::Interval => format_period(context.interval),
            Macro::IntervalMs => context.interval.as_millis().to_string(),
            Macro::IntervalSeconds => context.interval.as_secs().max(1).to_string(),
            Macro::Table => named(&context.table, "table")?,
            Macro::Column => named(&context.column, "column")?,
            Macro::UnixEpochFrom => seconds(self.bounds(args.first())?.0).to_string(),
            Macro::UnixEpochTo => seconds(self.bounds(args.first())?.1).to_string(),
            Macro::UnixEpochNanoFrom => self.bounds(args.first())?.0.nanos().to_string(),
            Macro::UnixEpochNanoTo => self.bounds(args.first())?.1.nanos().to_string(),
            Macro::UnixEpochFilter => {
                let (from, to) = self.bounds(args.get(1))?;
                between(arg(0), seconds(from), seconds(to))
            }
            Macro::UnixEpochNanoFilter => {
                let (from, to) = self.bounds(args.get(1))?;
                between(arg(0), from.nanos(), to.nanos())
            }
            Macro::TimeGroupAlias => self.render(Macro::TimeGroup, args)? + " AS \"time\"",
            Macro::UnixEpochGroupAlias => self.render(Macro::UnixEpochGroup, args)? + " AS \"time\"",
            Macro::TimeGroup | Macro::UnixEpochGroup => {
                let period = self.period(arg(1))?;
                let unix = found == Macro::UnixEpochGroup;
                let text = match self.dialect {
                    Dialect::Postgres { timescaledb } => postgres::group(arg(0), period, unix, timescaledb),
                    Dialect::MySql { .. } => mysql::group(arg(0), period, unix)?,
                    Dialect::ClickHouse => clickhouse::group(arg(0), period, unix)?,
                };
                if let Some(fill) = args.get(2) {
                    self.fill = Some(Fill { period, mode: fill_mode(fill)? });
                }
                text
            }
            _ => match self.dialect {
                Dialect::Postgres { .. } => postgres::render(self, found, args)?,
                Dialect::MySql { .. } => mysql::render(self, found, args)?,
                Dialect::ClickHouse => clickhouse::render(self, found, args),
            },
        })
    }

    /// The time range, its ends rounded down to a period where one is given (towards 1970, as Go's remainder does it).
    pub(super) fn bounds(&self, period: Option<&&str>) -> Result<(Timestamp, Timestamp), Problem> {
        let range = self.context.time_range;
        let Some(period) = period else { return Ok((range.from, range.to)) };
        let period = i64::try_from(self.period(period)?.as_nanos()).unwrap_or(i64::MAX);
        let rounded = |at: Timestamp| Timestamp::from_nanos(at.nanos() - at.nanos().checked_rem(period).unwrap_or(0));
        Ok((rounded(range.from), rounded(range.to)))
    }

    fn period(&self, text: &str) -> Result<Duration, Problem> {
        let text = text.trim_matches(['\'', '"']).trim();
        // Unquoted, it was expanded before it came here.
        let interval = (text == "$__interval").then(|| format_period(self.context.interval));
        parse_period(interval.as_deref().unwrap_or(text), self.context.now).map_err(|error| error.to_string())
    }
}

fn named(name: &str, key: &str) -> Result<String, Problem> {
    if name.is_empty() {
        return Err(format!("the query names no {key}: set its key `{key}`"));
    }
    Ok(name.to_owned())
}

fn between(column: &str, from: i64, to: i64) -> String {
    format!("{column} >= {from} AND {column} <= {to}")
}

fn fill_mode(text: &str) -> Result<FillMode, Problem> {
    if text.eq_ignore_ascii_case("null") {
        return Ok(FillMode::Null);
    }
    if text.eq_ignore_ascii_case("previous") {
        return Ok(FillMode::Previous);
    }
    match text.parse() {
        Ok(value) if f64::is_finite(value) => Ok(FillMode::Value(value)),
        _ => {
            let text: String = text.chars().take(40).collect();
            Err(format!("{text:?} is no fill: write NULL, previous or a number"))
        }
    }
}
