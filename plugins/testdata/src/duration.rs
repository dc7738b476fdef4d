//! Durations that a query or a resource asks for.

use std::time::Duration;

use wellhead_sdk::{Error, duration};

/// The longest that is accepted; a call's budget ends sooner.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn parse(text: &str) -> Result<Duration, Error> {
    duration::parse(text.trim()).filter(|duration| *duration <= LONGEST).ok_or_else(|| {
        Error::bad_request(format_args!("{text:?} is not a duration up to 24h: write 50ms, 5s or 1m30s"))
    })
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
