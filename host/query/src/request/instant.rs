//! Instants as Grafana's clients write them: epoch milliseconds, RFC 3339, or date math such as `now-1d/d`.
//!
//! Date math is Grafana's: `now` (or a date and `||`), then any number of `+N<unit>`, `-N<unit>` and `/<unit>`. Units are
//! `s m h d w M Q y`; weeks start on Monday, all in UTC. A rounded `to` ends with the last millisecond of its unit.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use wellhead_runtime::EpochTime;

/// Which end of a range an instant is: rounding goes down for `from`, up for `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    From,
    To,
}

const FORMS: &str =
    "write epoch milliseconds (1700000000000), RFC 3339 (2026-01-31T12:00:00Z) or date math (now-1h, now-1d/d)";
const OUT_OF_RANGE: &str = "lies outside the years -9999 to 9999";

/// Reads an instant; a faulty one is a sentence without the instant itself.
pub(super) fn parse(text: &str, edge: Edge, now: Timestamp) -> Result<EpochTime, String> {
    let text = text.trim();
    if let Some(math) = text.strip_prefix("now") {
        return math_from(now, math, edge);
    }
    if let Some((anchor, math)) = text.split_once("||") {
        return math_from(calendar(anchor)?, math, edge);
    }
    match text.parse::<f64>() {
        Ok(millis) => from_millis(text, millis),
        Err(_) => calendar(text).map(epoch_time),
    }
}

fn from_millis(text: &str, approximate: f64) -> Result<EpochTime, String> {
    // Whole numbers keep all their digits; `1.7e12` and `1700000000000.25` are cut to the millisecond.
    let millis = text.parse::<i64>().ok().or_else(|| {
        let fits = approximate.is_finite() && approximate.abs() < 9e15;
        #[expect(clippy::cast_possible_truncation, reason = "below 2^53 by the line above")]
        fits.then_some(approximate as i64)
    });
    let instant = millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
    instant.map(epoch_time).ok_or_else(|| format!("{OUT_OF_RANGE}: {FORMS}"))
}

fn calendar(text: &str) -> Result<Timestamp, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let local = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from));
    let instant = local.and_then(|local| TimeZone::UTC.to_timestamp(local));
    instant.map_err(|_| format!("is no instant: {FORMS}"))
}

fn epoch_time(instant: Timestamp) -> EpochTime {
    let nanos = instant.as_nanosecond();
    EpochTime {
        seconds: i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or_default(),
        nanoseconds: u32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or_default(),
    }
}

fn math_from(start: Timestamp, math: &str, edge: Edge) -> Result<EpochTime, String> {
    let mut time = TimeZone::UTC.to_datetime(start);
    let mut rest = math;
    while let Some(operator) = rest.chars().next() {
        let after = rest.get(operator.len_utf8()..).unwrap_or_default();
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at_checked(digits).unwrap_or_default();
        let unit = after.chars().next().and_then(Unit::from_char);
        let unit = unit.ok_or_else(|| format!("has no unit at {rest:?}: units are s, m, h, d, w, M, Q and y"))?;
        rest = after.get(1..).unwrap_or_default();
        let number = if number.is_empty() { Ok(1) } else { number.parse::<i64>() };
        let number = number.map_err(|_| OUT_OF_RANGE.to_owned())?;
        let moved = match operator {
            '+' => unit.add(time, number),
            '-' => unit.add(time, -number),
            '/' if number == 1 => unit.round(time, edge),
            '/' => return Err(format!("rounds to {number} of a unit: only whole ones, as in now/d")),
            other => return Err(format!("has {other:?} where '+', '-' or '/' belongs: {FORMS}")),
        };
        time = moved.ok_or_else(|| OUT_OF_RANGE.to_owned())?;
    }
    TimeZone::UTC.to_timestamp(time).map(epoch_time).map_err(|_| OUT_OF_RANGE.to_owned())
}

#[derive(Clone, Copy)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    fn from_char(unit: char) -> Option<Self> {
        Some(match unit {
            's' => Self::Second,
            'm' => Self::Minute,
            'h' => Self::Hour,
            'd' => Self::Day,
            'w' => Self::Week,
            'M' => Self::Month,
            'Q' => Self::Quarter,
            'y' => Self::Year,
            _ => return None,
        })
    }

    /// `None` where the calendar ends.
    fn add(self, time: DateTime, number: i64) -> Option<DateTime> {
        let span = Span::new();
        let span = match self {
            Self::Second => span.try_seconds(number),
            Self::Minute => span.try_minutes(number),
            Self::Hour => span.try_hours(number),
            Self::Day => span.try_days(number),
            Self::Week => span.try_weeks(number),
            Self::Month => span.try_months(number),
            Self::Quarter => span.try_months(number.checked_mul(3)?),
            Self::Year => span.try_years(number),
        };
        time.checked_add(span.ok()?).ok()
    }

    fn round(self, time: DateTime, edge: Edge) -> Option<DateTime> {
        let start = self.start_of(time)?;
        match edge {
            Edge::From => Some(start),
            Edge::To => self.add(start, 1)?.checked_sub(Span::new().milliseconds(1)).ok(),
        }
    }

    fn start_of(self, time: DateTime) -> Option<DateTime> {
        let (date, hour, minute) = (time.date(), time.hour(), time.minute());
        Some(match self {
            Self::Second => date.at(hour, minute, time.second(), 0),
            Self::Minute => date.at(hour, minute, 0, 0),
            Self::Hour => date.at(hour, 0, 0, 0),
            Self::Day => date.at(0, 0, 0, 0),
            Self::Week => {
                let days = date.weekday().since(Weekday::Monday);
                date.checked_sub(Span::new().days(days)).ok()?.at(0, 0, 0, 0)
            }
            Self::Month => date.first_of_month().at(0, 0, 0, 0),
            Self::Quarter => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).ok()?.at(0, 0, 0, 0),
            Self::Year => date.first_of_year().at(0, 0, 0, 0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Wednesday.
    const NOW: &str = "2026-08-12T14:35:56.789Z";

    fn at(text: &str, edge: Edge) -> Result<String, String> {
        let instant = parse(text, edge, NOW.parse().unwrap())?;
        Ok(Timestamp::from_millisecond(instant.as_millis()).unwrap().to_string())
    }

    #[test]
    fn date_math_is_grafanas() {
        for (text, from, to) in [
            ("now", NOW, NOW),
            ("now-1h", "2026-08-12T13:35:56.789Z", "2026-08-12T13:35:56.789Z"),
            ("now-h", "2026-08-12T13:35:56.789Z", "2026-08-12T13:35:56.789Z"),
            ("now+90s", "2026-08-12T14:37:26.789Z", "2026-08-12T14:37:26.789Z"),
            ("now/s", "2026-08-12T14:35:56Z", "2026-08-12T14:35:56.999Z"),
            ("now/m", "2026-08-12T14:35:00Z", "2026-08-12T14:35:59.999Z"),
            ("now/h", "2026-08-12T14:00:00Z", "2026-08-12T14:59:59.999Z"),
            ("now/d", "2026-08-12T00:00:00Z", "2026-08-12T23:59:59.999Z"),
            ("now-1d/d", "2026-08-11T00:00:00Z", "2026-08-11T23:59:59.999Z"),
            ("now/d-1h", "2026-08-11T23:00:00Z", "2026-08-12T22:59:59.999Z"),
            ("now/w", "2026-08-10T00:00:00Z", "2026-08-16T23:59:59.999Z"),
            ("now-1M/M", "2026-07-01T00:00:00Z", "2026-07-31T23:59:59.999Z"),
            ("now/Q", "2026-07-01T00:00:00Z", "2026-09-30T23:59:59.999Z"),
            ("now-1Q", "2026-05-12T14:35:56.789Z", "2026-05-12T14:35:56.789Z"),
            ("now-2y/y", "2024-01-01T00:00:00Z", "2024-12-31T23:59:59.999Z"),
            ("2026-01-31||+1M/d", "2026-02-28T00:00:00Z", "2026-02-28T23:59:59.999Z"),
        ] {
            assert_eq!(at(text, Edge::From).as_deref(), Ok(from), "{text} as from");
            assert_eq!(at(text, Edge::To).as_deref(), Ok(to), "{text} as to");
        }
    }

    #[test]
    fn milliseconds_and_calendar_forms_are_instants() {
        for (text, expected) in [
            ("1700000000123", "2023-11-14T22:13:20.123Z"),
            ("1.7e12", "2023-11-14T22:13:20Z"),
            ("-1", "1969-12-31T23:59:59.999Z"),
            ("0", "1970-01-01T00:00:00Z"),
            ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z"),
            ("2026-01-31T12:00:00", "2026-01-31T12:00:00Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z"),
        ] {
            assert_eq!(at(text, Edge::From).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_says_what_would_be_one() {
        for text in [
            "",
            "yesterday",
            "now-",
            "now-1x",
            "now/2d",
            "now*1d",
            "nowhere",
            "1e300",
            "NaN",
            "inf",
            "99999999999999999",
            "now-99999999999999999999d",
            "now+9999999y",
            "now-1hé",
            "||",
            "2026-13-01",
        ] {
            let error = at(text, Edge::From).unwrap_err();
            assert!(error.len() > 10, "{text}: {error}");
        }
        assert_eq!(at("now-5x", Edge::To).unwrap_err(), "has no unit at \"-5x\": units are s, m, h, d, w, M, Q and y");
    }
}
