//! Lengths of time as Go writes them, which is what users of Grafana type: `50ms`, `5s`, `1m30s`, `1.5h`. What is too long,
//! and what to say of a text that is none, is its reader's to decide.

use std::time::Duration;

/// Reads numbers with units, from `ns` to `h`, and nothing between them.
///
/// ```
/// use std::time::Duration;
/// use wellhead_sdk::duration;
///
/// assert_eq!(duration::parse("1m30s"), Some(Duration::from_secs(90)));
/// assert_eq!(duration::parse("soon"), None);
/// ```
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len()));
        let unit = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * unit;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|_| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_type_is_read_to_the_nanosecond() {
        for (text, nanos) in [
            ("50ms", 50_000_000),
            ("5s", 5_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("0s", 0),
            ("7us", 7_000),
            ("7µs", 7_000),
            ("1s1ns", 1_000_000_001),
        ] {
            assert_eq!(parse(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_none() {
        let far = "9".repeat(400);
        for text in
            ["", " ", "5", "s", "5 s", " 5s", "-5s", "1e3s", "5x", "1..5s", ".s", "µ", "5µ", &far, &format!("{far}h")]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
