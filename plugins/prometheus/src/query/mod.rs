//! From a query model to a query that can be sent: step chosen, variables replaced, range aligned.
//! Leaves sending to `upstream` and what the answer looks like to `frames`.

mod duration;
mod model;
mod split;
mod step;
mod variables;

use std::time::Duration;

use wellhead_sdk::TimeRange;

pub use duration::{DurationError, as_go_writes, in_one_unit, in_seconds, parse as parse_duration};
pub use model::{Format, QueryModel};
pub use split::{Part, parts};
pub use step::{MAX_POINTS, StepInput, rate_interval, rate_step, step};
pub use variables::{IntervalVariable, Variables, interval_variable};

/// The scrape interval where the data source's settings name none: Prometheus' usual one, and Grafana's default.
pub const DEFAULT_SCRAPE_INTERVAL: Duration = Duration::from_secs(15);

/// A query as it is sent. Instants are milliseconds since the epoch, Prometheus' own resolution.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// PromQL with the variables replaced.
    pub expr: String,
    /// Whole milliseconds, at least one.
    pub step: Duration,
    /// First instant of the range, a multiple of the step in the zone asked for.
    pub start: i64,
    /// Last instant of the range, likewise.
    pub end: i64,
    /// Instant at which an instant query is evaluated: the end as asked for, not aligned.
    pub time: i64,
    /// Ask for values over the range.
    pub range: bool,
    /// Ask for values at `time`.
    pub instant: bool,
    /// Ask for exemplars over the range.
    pub exemplar: bool,
    /// Template of the series' names.
    pub legend_format: String,
}

/// What is known of a query beside its model.
#[derive(Debug, Clone, Copy)]
pub struct QueryContext {
    /// The time asked for.
    pub time_range: TimeRange,
    /// Points wanted across it; 0 means unknown.
    pub max_data_points: u32,
    /// Suggested step.
    pub interval: Duration,
    /// How often the server scrapes, from the data source's settings.
    pub scrape_interval: Option<Duration>,
}

impl Query {
    /// Works out step, range and text.
    ///
    /// # Errors
    /// `interval` is not a duration.
    pub fn new(model: QueryModel, context: QueryContext) -> Result<Self, DurationError> {
        let scrape_interval = context.scrape_interval.unwrap_or(DEFAULT_SCRAPE_INTERVAL);
        let range = context.time_range.duration();
        let variable = interval_variable(&model.interval);
        // Editors send "0s" for an empty field.
        let min_step = match model.interval.as_str() {
            "" | "0s" => None,
            _ if variable.is_some() => None,
            interval => Some(parse_duration(interval)?),
        };
        let input = StepInput {
            range,
            max_data_points: context.max_data_points,
            min_step: min_step.or_else(|| suggested(model.interval_ms)).unwrap_or(scrape_interval),
            // Casts from floats saturate, and NaN becomes 0, which means 1.
            interval_factor: model.interval_factor as u32,
        };
        let step = match variable {
            Some(IntervalVariable::Rate) => rate_step(input, scrape_interval),
            _ => step(input),
        };
        let rate_interval = match variable {
            Some(IntervalVariable::Rate) => step,
            Some(IntervalVariable::Interval) => rate_interval(context.interval, step),
            None => rate_interval(context.interval, min_step.unwrap_or(scrape_interval)),
        };
        let align = |at: i64| align(at, step, model.utc_offset_sec);
        let (from, to) = (context.time_range.from.millis(), context.time_range.to.millis());
        Ok(Self {
            expr: Variables { step, rate_interval, range }.replace_in(&model.expr),
            step,
            start: align(from),
            end: align(to),
            time: to,
            // Dashboards older than the flags mean a range.
            range: model.range || !model.instant,
            instant: model.instant,
            exemplar: model.exemplar,
            legend_format: model.legend_format,
        })
    }

    /// The step in whole milliseconds, at least one.
    pub fn step_millis(&self) -> i64 {
        millis(self.step)
    }

    /// What the query inspector shows.
    pub fn executed(&self) -> String {
        format!("Expr: {}\nStep: {}", self.expr, as_go_writes(self.step))
    }
}

fn suggested(interval_ms: f64) -> Option<Duration> {
    (interval_ms >= 1.0).then(|| Duration::from_millis(interval_ms as u64))
}

/// Whole milliseconds of a step, at least one; centuries at most, far from overflow when added to an instant.
fn millis(step: Duration) -> i64 {
    i64::try_from(step.as_millis()).unwrap_or(i64::MAX).clamp(1, i64::MAX / 4)
}

/// `at` rounded down to a multiple of the step, counted from midnight of a zone `utc_offset` seconds east of Greenwich.
/// Servers cache by aligned ranges, and a panel that refreshes shows the same points again.
fn align(at: i64, step: Duration, utc_offset: i64) -> i64 {
    let offset = utc_offset.saturating_mul(1_000);
    let local = at.saturating_add(offset);
    local.saturating_sub(local.rem_euclid(millis(step))).saturating_sub(offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_sdk::frame::Timestamp;

    const DAY: i64 = 86_400_000;

    fn around(from: i64, to: i64, max_data_points: u32, interval_ms: u64) -> QueryContext {
        QueryContext {
            time_range: TimeRange { from: Timestamp::from_millis(from), to: Timestamp::from_millis(to) },
            max_data_points,
            interval: Duration::from_millis(interval_ms),
            scrape_interval: None,
        }
    }

    fn model(json: &str) -> QueryModel {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_query_with_no_flags_is_a_range_query() {
        let query = Query::new(model(r#"{"expr":"up"}"#), around(0, DAY, 100, 1_000)).unwrap();
        assert_eq!((query.range, query.instant, query.exemplar), (true, false, false));
        let query = Query::new(model(r#"{"expr":"up","instant":true}"#), around(0, DAY, 100, 1_000)).unwrap();
        assert_eq!((query.range, query.instant), (false, true));
    }

    #[test]
    fn start_and_end_are_multiples_of_the_step_in_the_asked_zone() {
        let hour = 3_600_000;
        let from = 10 * DAY + 5 * hour + 17;
        let json = r#"{"interval":"1d","utcOffsetSec":7200}"#;
        let query = Query::new(model(json), around(from, from + 2 * DAY, 100, 1_000)).unwrap();
        assert_eq!(query.step, Duration::from_secs(86_400));
        assert_eq!(query.start, 10 * DAY - 2 * hour);
        assert_eq!(query.end, 12 * DAY - 2 * hour);
        assert_eq!(query.time, from + 2 * DAY, "an instant query is not aligned");
        let before_the_epoch = Query::new(model(r#"{"interval":"15s"}"#), around(-1, 1, 100, 1_000)).unwrap();
        assert_eq!((before_the_epoch.start, before_the_epoch.end), (-15_000, 0));
    }

    #[test]
    fn variables_get_the_values_grafana_gives_them() {
        let scrape = |context: QueryContext, seconds| QueryContext {
            scrape_interval: Some(Duration::from_secs(seconds)),
            ..context
        };
        let cases = [
            // model, around, expr, step in seconds
            (
                r#"{"expr":"[$__interval]","interval":"$__interval","intervalMs":60000}"#,
                around(0, 2 * DAY, 0, 60_000),
                "[2m]",
                120,
            ),
            (r#"{"expr":"[$__rate_interval]","interval":"5m"}"#, around(0, 2 * DAY, 0, 5_000), "[20m0s]", 300),
            (
                r#"{"expr":"[$__rate_interval]","interval":"$__rate_interval"}"#,
                around(0, 300_000, 0, 5_000),
                "[1m0s]",
                60,
            ),
            (r#"{"expr":"[$__rate_interval]"}"#, scrape(around(0, 2 * DAY, 0, 120_000), 15), "[2m15s]", 120),
            (
                r#"{"expr":"[$__rate_interval]","interval":"150s","intervalMs":100000}"#,
                scrape(around(0, 2 * DAY, 12_384, 100_000), 30),
                "[10m0s]",
                150,
            ),
            (
                r#"{"expr":"[$__rate_interval]","interval":"$__interval","intervalMs":120000}"#,
                scrape(around(0, 2 * DAY, 12_384, 120_000), 15),
                "[8m0s]",
                120,
            ),
        ];
        for (json, around, expr, step) in cases {
            let query = Query::new(model(json), around).unwrap();
            assert_eq!(query.expr, expr, "{json}");
            assert_eq!(query.step, Duration::from_secs(step), "{json}");
        }
    }

    #[test]
    fn an_interval_that_is_no_duration_is_an_error() {
        let error = Query::new(model(r#"{"interval":"soon"}"#), around(0, DAY, 100, 1_000)).unwrap_err();
        assert!(error.to_string().contains("\"soon\""));
    }

    #[test]
    fn wild_numbers_in_a_model_do_no_harm() {
        let json =
            r#"{"intervalMs":1e300,"intervalFactor":-1e300,"utcOffsetSec":9223372036854775807,"interval":"99y"}"#;
        let query = Query::new(model(json), around(i64::MIN / 2, i64::MAX / 2, u32::MAX, u64::MAX)).unwrap();
        assert!(query.step_millis() >= 1);
    }
}
