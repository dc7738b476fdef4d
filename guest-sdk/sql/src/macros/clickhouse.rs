//! ClickHouse's forms: those of Grafana's ClickHouse plugin, and in its manner those macros that only Grafana's other SQL
//! plugins have.

use std::time::Duration;

use wellhead_sdk::frame::Timestamp;

use super::catalog::Macro;
use super::render::{Problem, Renderer};
use crate::instant::{date, seconds};
use crate::period::{format_period, go_seconds};

pub(super) fn render(renderer: &Renderer<'_>, found: Macro, args: &[&str]) -> String {
    let context = renderer.context;
    let (from, to) = (context.time_range.from, context.time_range.to);
    let column = args.first().copied().unwrap_or_default();
    let second = args.get(1).copied().unwrap_or_default();
    match found {
        Macro::Time => format!("{column} AS \"time\""),
        Macro::TimeEpoch => format!("toUnixTimestamp({column}) AS \"time\""),
        Macro::FromTime => date_time(from),
        Macro::ToTime => date_time(to),
        Macro::FromTimeMs => date_time_64(from),
        Macro::ToTimeMs => date_time_64(to),
        // Grafana's plugin wants a column; without one it is the instant, as in the other dialects.
        Macro::TimeFrom if args.is_empty() => date_time(from),
        Macro::TimeTo if args.is_empty() => date_time(to),
        Macro::TimeFrom => format!("{column} >= {}", date_time(from)),
        Macro::TimeTo => format!("{column} <= {}", date_time(to)),
        Macro::TimeFilterMs => between(column, &date_time_64(from), &date_time_64(to)),
        Macro::DateFilter => between(column, &day(from), &day(to)),
        Macro::DateTimeFilter => {
            let dates = between(column, &day(from), &day(to));
            format!("({dates}) AND ({})", between(second, &date_time(from), &date_time(to)))
        }
        Macro::TimeInterval => start_of_interval(column, context.interval.as_secs().max(1)),
        Macro::TimeIntervalMs => {
            let millis = context.interval.as_millis().max(1);
            format!("toStartOfInterval(toDateTime64({column}, 3), INTERVAL {millis} millisecond)")
        }
        Macro::ConditionalAll if selects_all(second) => "1=1".to_owned(),
        Macro::ConditionalAll => column.to_owned(),
        _ => between(column, &date_time(from), &date_time(to)),
    }
}

pub(super) fn group(column: &str, period: Duration, unix: bool) -> Result<String, Problem> {
    if unix {
        let seconds = go_seconds(period);
        return Ok(format!("floor(({column})/{seconds})*{seconds}"));
    }
    let seconds = period.as_secs_f64().round();
    if seconds < 1.0 {
        let period = format_period(period);
        return Err(format!("{period} is too short a period: use $__timeInterval_ms for periods below a second"));
    }
    Ok(start_of_interval(column, seconds as u64))
}

fn start_of_interval(column: &str, seconds: u64) -> String {
    format!("toStartOfInterval(toDateTime({column}), INTERVAL {seconds} second)")
}

fn between(column: &str, from: &str, to: &str) -> String {
    format!("{column} >= {from} AND {column} <= {to}")
}

fn day(at: Timestamp) -> String {
    format!("toDate('{}')", date(at))
}

fn date_time(at: Timestamp) -> String {
    format!("toDateTime({})", seconds(at))
}

fn date_time_64(at: Timestamp) -> String {
    format!("fromUnixTimestamp64Milli({})", at.millis())
}

/// Grafana's front end replaces this macro where it knows the variable. Where the text comes here, the variable has been
/// put in already, or is the word that stands for all its values.
fn selects_all(variable: &str) -> bool {
    matches!(variable.trim_matches(['\'', '"']), "" | "$__all")
}
