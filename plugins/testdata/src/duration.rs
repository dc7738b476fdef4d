//! Durations as Go writes them, which is what users of Grafana type: `50ms`, `5s`, `1m30s`, `1.5h`.

use std::time::Duration;

use wellhead_sdk::Error;

/// The longest that is accepted; a call's budget ends sooner.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn parse(text: &str) -> Result<Duration, Error> {
    let wrong = || Error::bad_request(format_args!("{text:?} is not a duration up to 24h: write 50ms, 5s or 1m30s"));
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let unit = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        seconds += number.parse::<f64>().map_err(|_| wrong())? * unit;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| *duration <= LONGEST).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_type_is_read() {
        for (text, millis) in [("50ms", 50), ("5s", 5_000), ("1m30s", 90_000), ("1.5h", 5_400_000), (" 0s ", 0)] {
            assert_eq!(parse(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_named() {
        for text in ["", "5", "s", "5 s", "-5s", "1e3s", "5x", "25h", "1..5s"] {
            let error = parse(text).unwrap_err();
            assert!(error.message().contains(&format!("{text:?}")), "{error}");
            assert_eq!(error.status(), 400);
        }
    }
}
