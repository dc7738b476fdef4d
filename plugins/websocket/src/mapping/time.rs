//! Instants as messages write them: RFC 3339, and numbers since the epoch in one of four units.

use crate::document::Json;
use crate::query::TimeFormat;
use wellhead_sdk::calendar;
use wellhead_sdk::frame::Timestamp;

/// Keys under which a number of the right size is taken for an instant, where nothing says what it is.
const NAMES: [&str; 7] = ["time", "timestamp", "@timestamp", "ts", "date", "datetime", "eventtime"];

/// 2000-01-01 and 2100-01-01, in seconds.
const LIKELY: std::ops::Range<f64> = 946_684_800.0..4_102_444_800.0;

/// The instant that a value says, in nanoseconds since the epoch; `None` where it says none.
pub(crate) fn instant(value: &Json<'_>, format: TimeFormat) -> Option<i64> {
    match value {
        Json::Int(number) if format != TimeFormat::Rfc3339 => Some(of_int(*number, format)),
        Json::Float(number) if format != TimeFormat::Rfc3339 => Some(of_float(*number, format)),
        Json::Text(text) if matches!(format, TimeFormat::Auto | TimeFormat::Rfc3339) => rfc3339(text.trim())
            .or_else(|| if format == TimeFormat::Auto { of_digits(text.trim(), format) } else { None }),
        Json::Text(text) => of_digits(text.trim(), format),
        _ => None,
    }
}

/// Whether a value of which nothing is known is an instant: a text that is one, or a number of the right size whose key
/// says so.
pub(crate) fn looks_like_instant(name: &str, value: &Json<'_>) -> bool {
    let is_likely = |number: f64| LIKELY.contains(&(number / unit_of(number).per_second()));
    let is_named = || {
        let last = name.rsplit('.').next().unwrap_or(name);
        NAMES.iter().any(|known| last.eq_ignore_ascii_case(known))
    };
    match value {
        Json::Text(text) => rfc3339(text).is_some(),
        Json::Int(number) => is_likely(*number as f64) && is_named(),
        Json::Float(number) => is_likely(*number) && is_named(),
        _ => false,
    }
}

#[derive(Clone, Copy)]
enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    const fn per_second(self) -> f64 {
        match self {
            Self::Seconds => 1.0,
            Self::Millis => 1e3,
            Self::Micros => 1e6,
            Self::Nanos => 1e9,
        }
    }
}

/// The unit in which a number of this size is within some thousand years of the epoch.
fn unit_of(number: f64) -> Unit {
    match number.abs() {
        size if size < 1e11 => Unit::Seconds,
        size if size < 1e14 => Unit::Millis,
        size if size < 1e17 => Unit::Micros,
        _ => Unit::Nanos,
    }
}

fn unit(number: f64, format: TimeFormat) -> Unit {
    match format {
        TimeFormat::S => Unit::Seconds,
        TimeFormat::Ms => Unit::Millis,
        TimeFormat::Us => Unit::Micros,
        TimeFormat::Ns => Unit::Nanos,
        TimeFormat::Auto | TimeFormat::Rfc3339 => unit_of(number),
    }
}

fn of_int(number: i64, format: TimeFormat) -> i64 {
    let timestamp = match unit(number as f64, format) {
        Unit::Seconds => Timestamp::from_seconds(number),
        Unit::Millis => Timestamp::from_millis(number),
        Unit::Micros => Timestamp::from_micros(number),
        Unit::Nanos => Timestamp::from_nanos(number),
    };
    timestamp.nanos()
}

fn of_float(number: f64, format: TimeFormat) -> i64 {
    Timestamp::from_seconds_f64(number / unit(number, format).per_second()).nanos()
}

/// A number in a text.
fn of_digits(text: &str, format: TimeFormat) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(of_int(number, format));
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| of_float(number, format))
}

/// `2024-02-29T12:00:00.5+01:00`; a blank for the `T` and no zone, which is UTC, are taken as well.
fn rfc3339(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (clock, offset) = split_zone(clock)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let seconds = calendar::seconds([year, month, day], numbers(clock, ':', [2, 2, 2])?)?;
    seconds.checked_sub(offset)?.checked_mul(1_000_000_000)?.checked_add(nanos(fraction)?)
}

/// Numbers of so many digits each.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut read = |digits: usize| {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| is_number)
    };
    let [first, second, third] = digits;
    let numbers = [read(first)?, read(second)?, read(third)?];
    parts.next().is_none().then_some(numbers)
}

/// A time of day, and by how many seconds its zone is ahead of UTC.
fn split_zone(clock: &str) -> Option<(&str, i64)> {
    if let Some(clock) = clock.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = clock.rfind(['+', '-']) else { return Some((clock, 0)) };
    let (clock, zone) = clock.split_at(at);
    let (sign, zone) = zone.split_at(1);
    let zone: String = zone.chars().filter(|c| *c != ':').collect();
    let is_zone = zone.len() == 4 && zone.bytes().all(|byte| byte.is_ascii_digit());
    let zone: i64 = zone.parse().ok().filter(|_| is_zone)?;
    let offset = zone / 100 * 3_600 + zone % 100 * 60;
    Some((clock, if sign == "-" { -offset } else { offset }))
}

/// Nanoseconds of the digits after the point; what is finer is cut off.
fn nanos(fraction: &str) -> Option<i64> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: i64 = 1_709_208_000_000_000_000;

    #[test]
    fn an_instant_is_read_however_it_is_written() {
        use TimeFormat::{Auto, Ms, Ns, Rfc3339, S, Us};
        for (json, format, expected) in [
            ("1709208000", Auto, Some(NOON)),
            ("1709208000000", Auto, Some(NOON)),
            ("1709208000000000", Auto, Some(NOON)),
            ("1709208000000000000", Auto, Some(NOON)),
            ("1709208000.5", Auto, Some(NOON + 500_000_000)),
            ("1709208000500.0", Auto, Some(NOON + 500_000_000)),
            (r#""1709208000500""#, Auto, Some(NOON + 500_000_000)),
            (r#""2024-02-29T12:00:00Z""#, Auto, Some(NOON)),
            (r#""2024-02-29T13:00:00.5+01:00""#, Rfc3339, Some(NOON + 500_000_000)),
            (r#""2024-02-29 06:30:00.123456789123-0530""#, Auto, Some(NOON + 123_456_789)),
            (r#""2024-02-29T12:00:00""#, Auto, Some(NOON)),
            ("5", S, Some(5_000_000_000)),
            ("5", Ms, Some(5_000_000)),
            ("5", Us, Some(5_000)),
            ("5", Ns, Some(5)),
            (r#""5""#, Ms, Some(5_000_000)),
            ("5", Rfc3339, None),
            (r#""5""#, Rfc3339, None),
            (r#""2024-02-30T12:00:00Z""#, Auto, None),
            (r#""2024-02-29T12:00:00.Z5""#, Auto, None),
            (r#""2024-02-29T12:00Z""#, Auto, None),
            (r#""inf""#, Auto, None),
            ("9223372036854775807", S, Some(i64::MAX)),
            ("true", Auto, None),
            ("[1]", Auto, None),
        ] {
            assert_eq!(instant(&Json::read(json).unwrap(), format), expected, "{json} {format:?}");
        }
    }

    #[test]
    fn an_instant_of_which_nothing_is_known_is_told_by_its_form_or_its_key_and_size() {
        for (name, json, expected) in [
            ("a", r#""2024-02-29T12:00:00Z""#, true),
            ("a", r#""2024-02-29""#, false),
            ("a", "1709208000000", false),
            ("ts", "1709208000000", true),
            ("a.Timestamp", "1709208000.25", true),
            ("time", "12", false),
            ("time", "true", false),
        ] {
            assert_eq!(looks_like_instant(name, &Json::read(json).unwrap()), expected, "{name} {json}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r"[0-9TZz:.+ -]{0,40}|\PC{0,20}") {
            let value = Json::Text(text.into());
            let _ = instant(&value, TimeFormat::Auto);
            let _ = looks_like_instant("time", &value);
        }
    }
}
