//! Grafana's way to write periods: Go's durations (`1h30m`, `200ms`) and `d`, `w`, `M`, `y`. What a period is for is left
//! to others.

use std::time::Duration;

use wellhead_sdk::frame::Timestamp;

use crate::instant::nanos_of_months;

/// Why a text is no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no period: {problem}; write it like 30s, 5m, 1h30m, 1d or 200ms")]
pub struct PeriodError {
    text: String,
    problem: &'static str,
}

/// Reads a period. Months and years are those that follow `now`, as Grafana's `gtime.ParseInterval` has them.
///
/// ```
/// # use std::time::Duration;
/// # use wellhead_sql::parse_period;
/// # use wellhead_sdk::frame::Timestamp;
/// assert_eq!(parse_period("1h30m", Timestamp::default()), Ok(Duration::from_secs(5400)));
/// assert_eq!(parse_period("12d", Timestamp::default()), Ok(Duration::from_secs(12 * 86_400)));
/// ```
///
/// # Errors
/// A text that is none, a period that is not above zero or longer than a timestamp can say.
pub fn parse_period(text: &str, now: Timestamp) -> Result<Duration, PeriodError> {
    let fail = |problem| PeriodError { text: text.chars().take(40).collect(), problem };
    if text.is_empty() {
        return Err(fail("it is empty"));
    }
    let too_long = || fail("it is too long");
    let nanos = match calendar(text) {
        Some((number, unit)) => {
            let number: i64 = number.parse().map_err(|_| too_long())?;
            match unit {
                'd' => number.checked_mul(DAY),
                'w' => number.checked_mul(7 * DAY),
                'M' => nanos_of_months(now, number),
                _ => number.checked_mul(12).and_then(|months| nanos_of_months(now, months)),
            }
            .ok_or_else(too_long)?
        }
        None => go_duration(text).map_err(fail)?,
    };
    match u64::try_from(nanos) {
        Ok(nanos) if nanos > 0 => Ok(Duration::from_nanos(nanos)),
        _ => Err(fail("it is not above zero")),
    }
}

const DAY: i64 = 86_400 * 1_000_000_000;

/// A whole number and one of the calendar's units.
fn calendar(text: &str) -> Option<(&str, char)> {
    let unit = text.chars().next_back().filter(|unit| matches!(unit, 'd' | 'w' | 'M' | 'y'))?;
    let number = text.strip_suffix(unit)?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some((number, unit))
}

/// Go's `time.ParseDuration`: signed, numbers with a fraction, each with a unit.
fn go_duration(text: &str) -> Result<i64, &'static str> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err("it has no number");
    }
    let mut nanos = 0.0_f64;
    while !rest.is_empty() {
        let number = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (number, tail) = rest.split_at_checked(number).unwrap_or((rest, ""));
        let number: f64 = number.parse().map_err(|_| "it has no number")?;
        let unit = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit).unwrap_or((tail, ""));
        nanos += number
            * match unit {
                "ns" => 1.0,
                "us" | "µs" | "μs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 60e9,
                "h" => 3_600e9,
                "" => return Err("a number in it has no unit"),
                _ => return Err("it has an unknown unit"),
            };
        rest = tail;
    }
    if nanos >= i64::MAX as f64 {
        return Err("it is too long");
    }
    let nanos = nanos.round() as i64;
    Ok(if negative { -nanos } else { nanos })
}

/// A period in the largest unit that it fills, rest cut off: what `$__interval` becomes (Grafana's
/// `gtime.FormatInterval`).
pub fn format_period(period: Duration) -> String {
    let (seconds, millis) = (period.as_secs(), period.as_millis());
    match () {
        () if seconds >= 365 * 86_400 => format!("{}y", seconds / (365 * 86_400)),
        () if seconds >= 86_400 => format!("{}d", seconds / 86_400),
        () if seconds >= 3_600 => format!("{}h", seconds / 3_600),
        () if seconds >= 60 => format!("{}m", seconds / 60),
        () if seconds >= 1 => format!("{seconds}s"),
        () => format!("{}ms", millis.max(1)),
    }
}

/// A number of seconds as Go's `%v` writes a float64, because macros have put it so into SQL since ever: `300`, `0.02`,
/// and `1.0368e+06` from a million on.
pub(crate) fn go_seconds(period: Duration) -> String {
    let seconds = period.as_secs_f64();
    if (1e-4..1e6).contains(&seconds) {
        return seconds.to_string();
    }
    let scientific = format!("{seconds:e}");
    match scientific.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Duration, String> {
        parse_period(text, Timestamp::from_seconds(1_706_745_600)).map_err(|error| error.to_string())
    }

    #[test]
    fn periods_are_gos_durations_and_the_calendars_units() {
        let millis = |text| parse(text).unwrap().as_millis();
        assert_eq!([millis("5m"), millis("1h30m"), millis("200ms")], [300_000, 5_400_000, 200]);
        assert_eq!([millis("1.5h"), millis(".5s"), millis("+1m")], [5_400_000, 500, 60_000]);
        assert_eq!([millis("1d"), millis("2w"), millis("12d")], [86_400_000, 14 * 86_400_000, 12 * 86_400_000]);
        assert_eq!(parse("10us"), Ok(Duration::from_micros(10)));
        assert_eq!(millis("1M"), 29 * 86_400_000, "February 2024");
        assert_eq!(millis("1y"), 366 * 86_400_000);
    }

    #[test]
    fn what_is_no_period_is_an_error_that_says_why() {
        assert_eq!(
            parse("5x").unwrap_err(),
            "\"5x\" is no period: it has an unknown unit; write it like 30s, 5m, 1h30m, 1d or 200ms"
        );
        for (text, problem) in [
            ("", "empty"),
            ("5", "no unit"),
            ("m", "no number"),
            ("1.2.3s", "no number"),
            ("-", "no number"),
            ("-5m", "not above zero"),
            ("0", "not above zero"),
            ("0d", "not above zero"),
            ("0.1ns", "not above zero"),
            ("1.5d", "unknown unit"),
            ("99999999999999999999d", "too long"),
            ("999999999d", "too long"),
            ("300y", "too long"),
            ("999999999999h", "too long"),
        ] {
            assert!(parse(text).unwrap_err().contains(problem), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn an_interval_is_written_in_the_largest_unit_it_fills() {
        for (millis, text) in [
            (600_000, "10m"),
            (4_000, "4s"),
            (200, "200ms"),
            (0, "1ms"),
            (90_000, "1m"),
            (7_200_000, "2h"),
            (172_800_000, "2d"),
            (365 * 86_400_000, "1y"),
        ] {
            assert_eq!(format_period(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn seconds_are_written_as_go_writes_floats() {
        let written = |nanos| go_seconds(Duration::from_nanos(nanos));
        assert_eq!([written(300_000_000_000), written(20_000_000)], ["300", "0.02"]);
        assert_eq!([written(1_036_800_000_000_000), written(1_000_000_000_000_000)], ["1.0368e+06", "1e+06"]);
        assert_eq!([written(999_999_000_000_000), written(100_000), written(10_000)], ["999999", "0.0001", "1e-05"]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in r"[-+0-9.dwMynsuµmhx]{0,12}|\PC{0,8}") {
            if let Ok(period) = parse(&text) {
                prop_assert!(!period.is_zero());
            }
        }
    }
}
