//! Times as ClickHouse writes them: `2024-03-15 10:00:00.123` and, asked for ISO 8601, `2024-03-15T10:00:00.123Z`.

use wellhead_sdk::calendar;

const SECOND: i64 = 1_000_000_000;

/// Nanoseconds since the epoch of a date, or of a date and a time, in UTC; saturates at the ends of the range.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let text = text.trim_end_matches('Z');
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = time.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    // Old servers write the epoch so.
    let date = if month == 0 { [1970, 1, 1] } else { [year, month, day] };
    let seconds = calendar::seconds(date, [hour, minute, second])?;
    Some(seconds.saturating_mul(SECOND).saturating_add(nanos(fraction)?))
}

/// Of the digits behind the point.
fn nanos(digits: &str) -> Option<i64> {
    if digits.is_empty() {
        return Some(0);
    }
    let digits = digits.get(..digits.len().min(9))?;
    let scale = 10_i64.pow(u32::try_from(9 - digits.len()).ok()?);
    Some(digits.parse::<u32>().ok().map(i64::from)? * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_of_both_forms_are_read() {
        assert_eq!(parse("1970-01-02"), Some(86_400 * SECOND));
        assert_eq!(parse("2024-03-15 10:00:00"), Some(1_710_496_800 * SECOND));
        assert_eq!(parse("2024-03-15T10:00:00.123Z"), Some(1_710_496_800_123_000_000));
        assert_eq!(parse("2024-03-15 10:00:00.123456789"), Some(1_710_496_800_123_456_789));
        assert_eq!([parse("0000-00-00"), parse("0000-00-00 00:00:00")], [Some(0), Some(0)]);
        assert_eq!(parse("2299-12-31"), Some(i64::MAX));
        for text in [
            "",
            "x",
            "2024-03",
            "2024-03-15 10",
            "2024-03-15 10:00:00.x",
            "9223372036854775807-01-01",
            "2024-03-15 25:00:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
