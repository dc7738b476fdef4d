//! Instants as RFC 3339 text, both ways.

use wellhead_sdk::calendar;
use wellhead_sdk::frame::Timestamp;

const DAY: i64 = 86_400;

/// Reads `2024-02-29T12:00:00.5Z` or with an offset such as `+01:00`.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(digits);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (clock, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => {
            let (clock, sign_and_offset) = time.split_at_checked(time.rfind(['+', '-'])?)?;
            let (hours, minutes) = sign_and_offset.get(1..)?.split_once(':')?;
            let offset = digits(hours)? * 3_600 + digits(minutes)? * 60;
            (clock, if sign_and_offset.starts_with('-') { -offset } else { offset })
        }
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut clock = clock.splitn(3, ':').map(digits);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if offset.abs() >= DAY {
        return None;
    }
    let nanos = digits(&format!("{:0<9}", fraction.get(..9.min(fraction.len()))?))?;
    let seconds = calendar::seconds([year, month, day], [hour, minute, second])? - offset;
    Some(Timestamp::from_nanos(seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?))
}

/// Writes `2024-02-29T12:00:00Z`, whole seconds.
pub(crate) fn format(instant: Timestamp) -> String {
    let seconds = instant.nanos().div_euclid(1_000_000_000);
    let (year, month, day) = calendar::date(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A number of digits only: no sign, no space.
fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_with_fractions_and_offsets() {
        for (text, nanos) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2024-02-29T12:00:00Z", 1_709_208_000_000_000_000),
            ("2024-02-29T13:00:00.25+01:00", 1_709_208_000_250_000_000),
            ("1969-12-31T23:59:59.999999999Z", -1),
            ("2022-10-04T10:30:45-02:30", 1_664_888_445_000_000_000),
        ] {
            assert_eq!(parse(text), Some(Timestamp::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2024",
            "2023-02-29T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00",
            "2024-1-1",
            "x-y-zTa:b:cZ",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_a_century_is_written_as_it_is_read() {
        for day in (-36_524..36_524).step_by(7) {
            let instant = Timestamp::from_seconds(day * DAY + 3_661);
            assert_eq!(parse(&format(instant)), Some(instant));
        }
    }
}
