//! MySQL's dates and times of day: as nanoseconds since the Unix epoch, and as text.
//!
//! Nanoseconds in 64 bits reach from 1677-09-21 to 2262-04-11. What lies beyond, and dates of which a part is zero, has no
//! place in a data frame and becomes null.

use std::fmt::Write;
use wellhead_sdk::calendar;

const DAY: i64 = 86_400;

/// Year, month and day; hour, minute and second. The outer `None` is what is no date at all, the inner one what has no
/// place in a frame.
pub(super) fn instant(date: [i64; 3], clock: [i64; 3], micros: u32) -> Option<Option<i64>> {
    // Dates with a zero in them are MySQL's own; the clock is checked all the same.
    let has_zero = date.contains(&0);
    let [year, month, day] = date.map(|part| if part == 0 { 1 } else { part });
    let [_, _, second] = clock;
    if micros >= 1_000_000 || second > 59 || !(1..=31).contains(&day) {
        return None;
    }
    // 30 February, which ALLOW_INVALID_DATES lets in, is one of March, as the driver of Grafana's plugin has it.
    let seconds = calendar::seconds([year, month, 1], clock)? + (day - 1) * DAY;
    let nanos = i128::from(seconds) * 1_000_000_000 + i128::from(micros) * 1_000;
    Some(i64::try_from(nanos).ok().filter(|_| !has_zero))
}

/// `2023-11-15`, `2023-11-15 05:06:07`, `2023-11-15 05:06:07.123`.
pub(super) fn read_instant(text: &str) -> Option<Option<i64>> {
    let (date, clock) = text.split_once(' ').unwrap_or((text, "00:00:00"));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    if fraction.len() > 6 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let micros = format!("{fraction:0<6}").parse().ok()?;
    instant(numbers(date, '-')?, numbers(clock, ':')?, micros)
}

fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let mut numbers = text.split(between).map(|number| number.parse().ok());
    let found = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(found)
}

/// A column that does not know how many digits it has.
const ANY_DECIMALS: u8 = 31;

/// Writes a span as the server does: `-838:59:59.000000`.
pub(super) fn write_span(is_negative: bool, clock: [u64; 3], micros: u32, decimals: u8, text: &mut String) {
    let [hour, minute, second] = clock;
    let sign = if is_negative { "-" } else { "" };
    text.clear();
    // Writing into a string cannot fail.
    let _ = write!(text, "{sign}{hour:02}:{minute:02}:{second:02}");
    let digits = if decimals >= ANY_DECIMALS && micros > 0 { 6 } else { decimals };
    if (1..=6).contains(&digits) {
        let fraction = format!("{micros:06}");
        let _ = write!(text, ".{}", fraction.get(..usize::from(digits)).unwrap_or(&fraction));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_count_from_1970_and_those_that_have_no_place_are_null() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31 23:59:59.999999", Some(-1_000)),
            ("2000-02-29 00:00:01", Some(951_782_401_000_000_000)),
            ("2023-11-15 05:06:07.123", Some(1_700_024_767_123_000_000)),
            ("2262-04-11 23:47:16.854775", Some(9_223_372_036_854_775_000)),
            ("2023-02-30", Some(1_677_715_200_000_000_000)),
            ("2262-04-11 23:47:17", None),
            ("1677-01-01", None),
            ("0000-00-00 00:00:00", None),
            ("2023-00-05", None),
            ("9999-12-31", None),
        ] {
            assert_eq!(read_instant(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "2023",
            "2023-13-01",
            "2023-01-32",
            "2023-01-01 24:00:00",
            "2023-01-01 1:2",
            "2023-01-01 00:00:00.1234567",
        ] {
            assert_eq!(read_instant(text), None, "{text}");
        }
    }

    #[test]
    fn spans_are_written_as_the_server_writes_them() {
        let mut text = String::new();
        for (is_negative, clock, micros, decimals, expected) in [
            (false, [0, 0, 0], 0, 0, "00:00:00"),
            (true, [838, 59, 59], 0, 0, "-838:59:59"),
            (false, [12, 44, 56], 234_567, 6, "12:44:56.234567"),
            (false, [1, 2, 3], 0, 3, "01:02:03.000"),
            (false, [1, 2, 3], 40_000, 31, "01:02:03.040000"),
            (false, [1, 2, 3], 0, 31, "01:02:03"),
        ] {
            write_span(is_negative, clock, micros, decimals, &mut text);
            assert_eq!(text, expected);
        }
    }
}
