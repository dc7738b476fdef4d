//! Lengths of time as the settings write them: `500ms`, `30s`, `1m30s`, `1h`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use wellhead_sdk::duration;

/// Longest: a week.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// A length of time; `0` is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Interval(pub Duration);

/// Why a text is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no length of time up to a week: write it like 500ms, 30s, 1m30s or 1h")]
pub struct IntervalError(String);

impl Interval {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// `None` for none.
    pub fn some(self) -> Option<Duration> {
        (!self.0.is_zero()).then_some(self.0)
    }

    /// Whether it is none.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

impl TryFrom<String> for Interval {
    type Error = IntervalError;

    fn try_from(text: String) -> Result<Self, IntervalError> {
        read(text.trim())
            .filter(|length| *length <= LONGEST)
            .map(Self)
            .ok_or_else(|| IntervalError(text.chars().take(40).collect()))
    }
}

/// Whole numbers of milliseconds or more, so that what is shown again is what was written.
fn read(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let is_whole = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'm' | b's' | b'h'));
    duration::parse(text).filter(|_| is_whole)
}

impl From<Interval> for String {
    fn from(interval: Interval) -> Self {
        interval.to_string()
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            millis if millis % 1_000 == 0 => write!(f, "{}s", millis / 1_000),
            millis => write!(f, "{millis}ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (text, millis) in
            [("0", 0), ("0s", 0), ("500ms", 500), (" 30s ", 30_000), ("1m30s", 90_000), ("168h", 604_800_000)]
        {
            let read = Interval::try_from(text.to_owned()).unwrap();
            assert_eq!(read.0, Duration::from_millis(millis), "{text}");
            assert_eq!(Interval::try_from(read.to_string()), Ok(read));
        }
    }

    #[test]
    fn what_is_none_is_refused_with_how_to_write_it() {
        for text in ["", "s", "5", "5x", "-1s", "1.5s", "169h", "99999999999999999999s", "1s5", "18446744073709551615h"]
        {
            let error = Interval::try_from(text.to_owned()).unwrap_err().to_string();
            assert!(error.contains("write it like"), "{text}: {error}");
        }
    }
}
