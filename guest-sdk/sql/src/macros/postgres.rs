//! PostgreSQL's forms, with TimescaleDB's.

use std::time::Duration;

use super::catalog::Macro;
use super::render::{Problem, Renderer};
use crate::instant::rfc3339_nano;
use crate::period::go_seconds;

pub(super) fn render(renderer: &Renderer<'_>, found: Macro, args: &[&str]) -> Result<String, Problem> {
    let column = args.first().copied().unwrap_or_default();
    Ok(match found {
        Macro::Time => format!("{column} AS \"time\""),
        Macro::TimeEpoch => format!("extract(epoch from {column}) as \"time\""),
        Macro::TimeFrom => format!("'{}'", rfc3339_nano(renderer.bounds(args.first())?.0)),
        Macro::TimeTo => format!("'{}'", rfc3339_nano(renderer.bounds(args.first())?.1)),
        _ => {
            let (from, to) = renderer.bounds(args.get(1))?;
            format!("{column} BETWEEN '{}' AND '{}'", rfc3339_nano(from), rfc3339_nano(to))
        }
    })
}

pub(super) fn group(column: &str, period: Duration, unix: bool, timescaledb: bool) -> String {
    let seconds = go_seconds(period);
    match () {
        () if unix => format!("floor(({column})/{seconds})*{seconds}"),
        () if timescaledb => format!("time_bucket('{:.3}s',{column})", period.as_secs_f64()),
        () => format!("floor(extract(epoch from {column})/{seconds})*{seconds}"),
    }
}
