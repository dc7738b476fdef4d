//! MySQL's and MariaDB's forms.

use std::time::Duration;

use super::catalog::Macro;
use super::render::{Problem, Renderer};
use crate::instant::seconds;
use crate::period::{format_period, go_seconds};

pub(super) fn render(renderer: &Renderer<'_>, found: Macro, args: &[&str]) -> Result<String, Problem> {
    let column = args.first().copied().unwrap_or_default();
    Ok(match found {
        Macro::Time | Macro::TimeEpoch => format!("UNIX_TIMESTAMP({column}) as time_sec"),
        Macro::TimeFrom => format!("FROM_UNIXTIME({})", seconds(renderer.bounds(args.first())?.0)),
        Macro::TimeTo => format!("FROM_UNIXTIME({})", seconds(renderer.bounds(args.first())?.1)),
        _ => {
            let (from, to) = renderer.bounds(args.get(1))?;
            let (from, to) = (seconds(from), seconds(to));
            // FROM_UNIXTIME is NULL before 1970.
            if from < 0 {
                let from = format!("DATE_ADD(FROM_UNIXTIME(0), INTERVAL {from} SECOND)");
                return Ok(format!("{column} BETWEEN {from} AND FROM_UNIXTIME({to})"));
            }
            format!("{column} BETWEEN FROM_UNIXTIME({from}) AND FROM_UNIXTIME({to})")
        }
    })
}

pub(super) fn group(column: &str, period: Duration, unix: bool) -> Result<String, Problem> {
    if unix {
        let seconds = go_seconds(period);
        return Ok(format!("{column} DIV {seconds} * {seconds}"));
    }
    let seconds = format!("{:.0}", period.as_secs_f64());
    if seconds == "0" {
        let period = format_period(period);
        return Err(format!("{period} is too short a period: times are grouped by whole seconds here, so 1s at least"));
    }
    Ok(format!("UNIX_TIMESTAMP({column}) DIV {seconds} * {seconds}"))
}
