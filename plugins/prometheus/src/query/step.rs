//! The step of a range query: from the panel's width, the interval asked for and the server's point limit.
//! Promises Grafana's choice wherever Grafana's choice is one that Prometheus accepts. Leaves reading durations to
//! `duration`.

use std::time::Duration;

/// Prometheus refuses a range query with more steps than this between start and end.
pub const MAX_POINTS: u64 = 11_000;

/// Points across a panel of unknown width.
const DEFAULT_RESOLUTION: u64 = 1_500;

/// Grafana's floor for `$__rate_interval`, in scrape intervals: a rate wants several samples in its window.
const RATE_WINDOW_IN_SCRAPES: u32 = 4;

/// What the step is chosen from.
#[derive(Debug, Clone, Copy)]
pub struct StepInput {
    /// Length of the time range asked for.
    pub range: Duration,
    /// Points wanted across the range; 0 means unknown.
    pub max_data_points: u32,
    /// No step shorter than this, unless the point limit is.
    pub min_step: Duration,
    /// Multiplies the step; 0 means 1. (Old dashboards carry it.)
    pub interval_factor: u32,
}

/// The step for `input`: at least a millisecond, never so short that Prometheus refuses the range.
pub fn step(input: StepInput) -> Duration {
    adjusted(input).saturating_mul(input.interval_factor.max(1))
}

/// The step where the query's interval is `$__rate_interval` itself: then the window is the step, and no factor applies.
pub fn rate_step(input: StepInput, scrape_interval: Duration) -> Duration {
    rate_interval(adjusted(input), scrape_interval)
}

/// `$__rate_interval`: wide enough for four scrapes, and for one more than the suggested interval.
pub fn rate_interval(interval: Duration, scrape_interval: Duration) -> Duration {
    interval.saturating_add(scrape_interval).max(scrape_interval.saturating_mul(RATE_WINDOW_IN_SCRAPES))
}

fn adjusted(input: StepInput) -> Duration {
    let resolution = match input.max_data_points {
        0 => DEFAULT_RESOLUTION,
        points => u64::from(points),
    };
    let wanted = divide(input.range, resolution);
    let wanted = if wanted < input.min_step { input.min_step } else { round(wanted) };
    whole_millis_up(wanted.max(shortest_accepted(input.range)))
}

/// The shortest round step that keeps `range` within [`MAX_POINTS`]. Grafana rounds to the nearest, which may be
/// shorter and is then refused by the server: the next longer one is taken in that case.
fn shortest_accepted(range: Duration) -> Duration {
    let exact = divide(range, MAX_POINTS);
    let rounded = round(exact);
    if rounded >= exact {
        return rounded;
    }
    let longer = ROUND_STEPS.iter().map(|&(_, millis)| Duration::from_millis(millis)).find(|&step| step >= exact);
    longer.unwrap_or(exact)
}

fn divide(range: Duration, parts: u64) -> Duration {
    // 2^64 ns are 584 years, beyond every range the contract's callers send; more is as good as that.
    let nanos = range.as_nanos() / u128::from(parts);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Prometheus counts in milliseconds: a finer step would be cut, and zero is refused.
fn whole_millis_up(step: Duration) -> Duration {
    let nanos = step.subsec_nanos();
    let missing = nanos.next_multiple_of(1_000_000) - nanos;
    step.saturating_add(Duration::from_nanos(u64::from(missing))).max(Duration::from_millis(1))
}

/// Grafana's table: up to and including the first, in milliseconds, the step is the second.
const ROUND_STEPS: [(u64, u64); 28] = [
    (10, 1),
    (15, 10),
    (35, 20),
    (75, 50),
    (150, 100),
    (350, 200),
    (750, 500),
    (1_500, 1_000),
    (3_500, 2_000),
    (7_500, 5_000),
    (12_500, 10_000),
    (17_500, 15_000),
    (25_000, 20_000),
    (45_000, 30_000),
    (90_000, 60_000),
    (210_000, 120_000),
    (450_000, 300_000),
    (750_000, 600_000),
    (1_050_000, 900_000),
    (1_500_000, 1_200_000),
    (2_700_000, 1_800_000),
    (5_400_000, 3_600_000),
    (9_000_000, 7_200_000),
    (16_200_000, 10_800_000),
    (32_400_000, 21_600_000),
    (86_400_000, 43_200_000),
    (604_800_000, 86_400_000),
    (1_814_400_000, 604_800_000),
];
/// Beyond the table: 30 days below this bound, a year from it on.
const MONTH_BELOW: Duration = Duration::from_millis(3_628_800_000);

fn round(interval: Duration) -> Duration {
    let row = ROUND_STEPS.iter().find(|&&(up_to, _)| interval <= Duration::from_millis(up_to));
    match row {
        Some(&(_, step)) => Duration::from_millis(step),
        None if interval < MONTH_BELOW => Duration::from_secs(30 * 86_400),
        None => Duration::from_secs(365 * 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: Duration = Duration::from_secs(60);
    const HOUR: Duration = Duration::from_secs(3_600);

    fn input(range: Duration, max_data_points: u32, min_step: Duration) -> StepInput {
        StepInput { range, max_data_points, min_step, interval_factor: 1 }
    }

    #[test]
    fn the_step_is_the_one_grafana_chooses() {
        let second = Duration::from_secs(1);
        let cases = [
            // range, points, min step, factor, step
            (48 * HOUR, 761, 10 * MIN, 1, 10 * MIN),
            (48 * HOUR, 761, 2 * MIN, 1, 5 * MIN),
            (48 * HOUR, 175, 2 * MIN, 1, 15 * MIN),
            (12 * HOUR, 0, 15 * second, 1, 30 * second),
            (HOUR, 0, 15 * second, 1, 15 * second),
            (48 * HOUR, 0, 15 * second, 10, 20 * MIN),
            (48 * HOUR, 0, 15 * second, 0, 2 * MIN),
            (48 * HOUR, 0, 240 * second, 1, 4 * MIN),
            (2 * second, 0, second, 1, second),
        ];
        for (range, points, min_step, factor, expected) in cases {
            let chosen = step(StepInput { interval_factor: factor, ..input(range, points, min_step) });
            assert_eq!(chosen, expected, "{range:?} {points} {min_step:?} {factor}");
        }
    }

    #[test]
    fn a_rate_window_as_step_ignores_the_resolution() {
        let thirty = Duration::from_secs(30);
        assert_eq!(rate_step(input(48 * HOUR, 12_384, Duration::from_secs(100)), thirty), Duration::from_secs(130));
        assert_eq!(rate_interval(Duration::from_secs(120), Duration::from_secs(15)), Duration::from_secs(135));
        assert_eq!(rate_interval(Duration::from_secs(15), Duration::from_secs(15)), Duration::from_secs(60));
    }

    #[test]
    fn no_range_needs_more_points_than_prometheus_allows() {
        let mut range = Duration::from_millis(7);
        while range < 200 * 365 * 24 * HOUR {
            let chosen = step(input(range, u32::MAX, Duration::from_millis(1)));
            assert!(range.as_nanos() <= chosen.as_nanos() * u128::from(MAX_POINTS), "{range:?} by {chosen:?}");
            range = range * 13 / 10;
        }
    }

    #[test]
    fn a_step_is_a_whole_number_of_milliseconds() {
        assert_eq!(step(input(Duration::ZERO, 100, Duration::ZERO)), Duration::from_millis(1));
        assert_eq!(step(input(Duration::ZERO, 100, Duration::from_micros(1_200))), Duration::from_millis(2));
    }
}
