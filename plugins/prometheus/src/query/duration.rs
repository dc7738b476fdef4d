//! Durations as people write them in Grafana and as Grafana writes them back.
//! Promises that what Grafana's own parser takes is taken here, and that both output forms are its own to the letter:
//! queries and frames carry them.

use std::fmt::Write as _;
use std::time::Duration;

/// A duration that could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DurationError {
    /// Not a sequence of numbers with units.
    #[error(
        "{0:?} is not a duration: write numbers with the units ms, s, m, h, d, w, M or y, such as 15s or 1m30s; a bare number means seconds"
    )]
    Malformed(String),
    /// Longer than any range a server keeps.
    #[error("{0:?} is longer than 100 years, the longest duration taken")]
    TooLong(String),
}

const SECOND: f64 = 1e9;
const HOUR: f64 = 3600.0 * SECOND;
const DAY: f64 = 24.0 * HOUR;
/// The Julian year, as Grafana counts: a duration must not depend on today's date.
const YEAR: f64 = 365.25 * DAY;
const LONGEST: f64 = 100.0 * YEAR;

/// Reads `15s`, `1m30s`, `1d`, `>10s` (the sign is Grafana's old way to say "at least") or `15`, which are seconds.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let malformed = || DurationError::Malformed(text.to_owned());
    let plain = text.trim().trim_start_matches(['<', '>']).trim_start();
    let nanos = if !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_digit()) {
        plain.parse::<f64>().map_err(|_| malformed())? * SECOND
    } else {
        sum_of_terms(plain).ok_or_else(malformed)?
    };
    if nanos > LONGEST {
        return Err(DurationError::TooLong(text.to_owned()));
    }
    // Below 2^63 because of the check above; a fraction of a nanosecond is nobody's intention.
    Ok(Duration::from_nanos(nanos.round() as u64))
}

/// `1h30m` as nanoseconds; None where a number or a unit is missing or unknown.
fn sum_of_terms(mut rest: &str) -> Option<f64> {
    if rest == "0" {
        return Some(0.0);
    }
    let mut nanos = 0.0;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let number: f64 = number.parse().ok()?;
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        nanos += number * unit_in_nanos(unit)?;
        if tail.is_empty() {
            return Some(nanos);
        }
        rest = tail;
    }
}

fn unit_in_nanos(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => SECOND,
        "m" => 60.0 * SECOND,
        "h" => HOUR,
        "d" => DAY,
        "w" => 7.0 * DAY,
        "M" => YEAR / 12.0,
        "y" => YEAR,
        _ => return None,
    })
}

/// The form of `$__interval`: one unit, rounded down, such as `2m`, `1d`, `20ms`.
pub fn in_one_unit(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(365 * 86_400, 'y'), (86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];
    match units.into_iter().find(|&(size, _)| seconds >= size) {
        Some((size, unit)) => format!("{}{unit}", seconds / size),
        None => format!("{}ms", duration.subsec_millis().max(1)),
    }
}

/// Go's `Duration.String()`: `1h0m0s`, `2m15s`, `1.5s`, `20ms`, `0s`. `$__rate_interval` and `executedQueryString` use it.
pub fn as_go_writes(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    if seconds == 0 {
        return match nanos {
            0 => "0s".to_owned(),
            1..1_000 => format!("{nanos}ns"),
            1_000..1_000_000 => decimal(u64::from(nanos / 1_000), nanos % 1_000, 3) + "µs",
            _ => decimal(u64::from(nanos / 1_000_000), nanos % 1_000_000, 6) + "ms",
        };
    }
    let mut out = String::new();
    if seconds >= 3_600 {
        // Writing into a String cannot fail.
        let _ = write!(out, "{}h", seconds / 3_600);
    }
    if seconds >= 60 {
        let _ = write!(out, "{}m", seconds / 60 % 60);
    }
    out.push_str(&decimal(seconds % 60, nanos, 9));
    out.push('s');
    out
}

/// Seconds as Prometheus takes them in `step`, `start` and `end`: `15`, `0.02`, `1641889530.123`.
pub fn in_seconds(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let magnitude = millis.unsigned_abs();
    // A remainder of a division by 1000 fits in 32 bits.
    sign.to_owned() + &decimal(magnitude / 1_000, (magnitude % 1_000) as u32, 3)
}

/// `whole.fraction` without trailing zeros, where `fraction` has `digits` digits.
fn decimal(whole: u64, fraction: u32, digits: usize) -> String {
    if fraction == 0 {
        return whole.to_string();
    }
    let text = format!("{whole}.{fraction:0digits$}");
    text.trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_grafana_takes_is_read() {
        let cases = [
            ("15", 15_000),
            ("15s", 15_000),
            (">10s", 10_000),
            ("1m30s", 90_000),
            ("1.5s", 1_500),
            ("250ms", 250),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("2w", 1_209_600_000),
            ("1M", 2_629_800_000),
            ("1y", 31_557_600_000),
            ("1d12h", 129_600_000),
            ("0", 0),
            ("0s", 0),
        ];
        for (text, millis) in cases {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_named_in_the_error() {
        for text in ["", "s", "-5s", "1x", "5 s", "1s2", "$__foo", "1..5s", "1e3s"] {
            let error = parse(text).unwrap_err();
            assert_eq!(error, DurationError::Malformed(text.to_owned()));
            assert!(error.to_string().contains(&format!("{text:?}")));
        }
        assert_eq!(parse("101y"), Err(DurationError::TooLong("101y".to_owned())));
        assert_eq!(parse(&"9".repeat(400)), Err(DurationError::TooLong("9".repeat(400))));
    }

    #[test]
    fn one_unit_is_rounded_down_and_never_empty() {
        let cases = [
            (0, "1ms"),
            (20, "20ms"),
            (1_500, "1s"),
            (120_000, "2m"),
            (5_400_000, "1h"),
            (604_800_000, "7d"),
            (31_536_000_000, "1y"),
        ];
        for (millis, text) in cases {
            assert_eq!(in_one_unit(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn go_form_keeps_every_lower_unit() {
        let cases = [
            (0, "0s"),
            (20, "20ms"),
            (1_500, "1.5s"),
            (15_000, "15s"),
            (60_000, "1m0s"),
            (135_000, "2m15s"),
            (3_600_000, "1h0m0s"),
            (90_061_001, "25h1m1.001s"),
        ];
        for (millis, text) in cases {
            assert_eq!(as_go_writes(Duration::from_millis(millis)), text);
        }
        assert_eq!(as_go_writes(Duration::from_nanos(1_500)), "1.5µs");
        assert_eq!(as_go_writes(Duration::from_micros(2_250)), "2.25ms");
    }

    #[test]
    fn seconds_are_exact_to_the_millisecond() {
        let cases = [(0, "0"), (15_000, "15"), (20, "0.02"), (1_641_889_530_123, "1641889530.123"), (-1_500, "-1.5")];
        for (millis, text) in cases {
            assert_eq!(in_seconds(millis), text);
        }
    }
}
