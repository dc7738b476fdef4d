//! Instants as SQL takes them: RFC 3339 as Go writes it, dates, and steps of whole months. UTC throughout.

use wellhead_sdk::calendar;
use wellhead_sdk::frame::Timestamp;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// Whole seconds since the epoch, rounded down as Go's `Unix()`.
pub(crate) const fn seconds(at: Timestamp) -> i64 {
    at.nanos().div_euclid(SECOND)
}

/// Go's `time.RFC3339Nano`: no fraction where there is none, no zeros at its end.
pub fn rfc3339_nano(at: Timestamp) -> String {
    let (seconds, nanos) = (seconds(at), at.nanos().rem_euclid(SECOND));
    let (date, time) = (date(at), seconds.rem_euclid(DAY));
    let mut text = format!("{date}T{:02}:{:02}:{:02}", time / 3_600, time / 60 % 60, time % 60);
    if nanos > 0 {
        text.push_str(format!(".{nanos:09}").trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// `2006-01-02`.
pub(crate) fn date(at: Timestamp) -> String {
    let (year, month, day) = calendar::date(seconds(at).div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Nanoseconds from `at` to the same day and time so many months later. A day that the month does not have runs over
/// into the next one, as with Go's `AddDate`. `None` past the range of a timestamp.
pub(crate) fn nanos_of_months(at: Timestamp, months: i64) -> Option<i64> {
    let days = seconds(at).div_euclid(DAY);
    let (year, month, day) = calendar::date(days);
    let month = (year * 12 + month - 1).checked_add(months)?;
    let then = calendar::days(month.div_euclid(12), month.rem_euclid(12) + 1, 1)? + day - 1;
    (then - days).checked_mul(DAY * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_go_writes_them() {
        let written = |nanos| rfc3339_nano(Timestamp::from_nanos(nanos));
        assert_eq!(written(1_523_556_000 * SECOND), "2018-04-12T18:00:00Z");
        assert_eq!(written(1_703_427_322 * SECOND + 123_456), "2023-12-24T14:15:22.000123456Z");
        assert_eq!(written(-312_310_800 * SECOND + 500_000_000), "1960-02-08T07:00:00.5Z");
        assert_eq!(written(i64::MIN), "1677-09-21T00:12:43.145224192Z");
        assert_eq!(written(i64::MAX), "2262-04-11T23:47:16.854775807Z");
    }

    #[test]
    fn a_month_is_as_long_as_the_calendar_says_from_that_day() {
        let days = |at: &str, months| {
            let number = |range: std::ops::Range<usize>| at[range].parse::<i64>().unwrap();
            let at = Timestamp::from_seconds(DAY * calendar::days(number(0..4), number(5..7), number(8..10)).unwrap());
            nanos_of_months(at, months).unwrap() / DAY / SECOND
        };
        assert_eq!(days("2024-02-01", 1), 29);
        assert_eq!(days("2023-12-15", 1), 31);
        assert_eq!(days("2023-01-31", 1), 31, "3 March");
        assert_eq!(days("2023-03-01", 12), 366);
        assert_eq!(nanos_of_months(Timestamp::from_nanos(0), i64::MAX), None);
        assert_eq!(nanos_of_months(Timestamp::from_nanos(0), 12 * 300), None);
    }
}
