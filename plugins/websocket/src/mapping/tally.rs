//! What of an endpoint's messages could not be used: counted, and told now and then.

use std::fmt::Write;
use std::time::Duration;
use wellhead_sdk::frame::{Notice, Severity};

/// How often is told at most: each telling sends the schema again.
const EVERY: Duration = Duration::from_secs(10);

/// Why a message, or a value, could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    NotJson,
    NotText,
    NoRows,
    NoFields,
    WrongType,
    TooManyFields,
    LongName,
}

const ALL: [Trouble; 7] = [
    Trouble::NotJson,
    Trouble::NotText,
    Trouble::NoRows,
    Trouble::NoFields,
    Trouble::WrongType,
    Trouble::TooManyFields,
    Trouble::LongName,
];

impl Trouble {
    fn text(self) -> &'static str {
        match self {
            Self::NotJson => "messages are no JSON",
            Self::NotText => "binary messages are no UTF-8",
            Self::NoRows => "messages have nothing where the rows are to be",
            Self::NoFields => "rows have none of the fields",
            Self::WrongType => "values are not of their field's type, and null",
            Self::TooManyFields => "values are left out, as a frame has 256 fields at most",
            Self::LongName => "values are left out, as a field's name has 512 bytes at most",
        }
    }
}

/// What was counted since it was last told.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: [Count; ALL.len()],
    told: Option<Duration>,
}

#[derive(Debug, Default)]
struct Count {
    number: u64,
    example: Option<String>,
}

impl Tally {
    /// Counts one. The first one's example is told.
    pub(crate) fn count(&mut self, trouble: Trouble, example: impl FnOnce() -> Option<String>) {
        if let Some(count) = self.counts.get_mut(trouble as usize) {
            if count.number == 0 {
                count.example = example();
            }
            count.number += 1;
        }
    }

    /// Whether nothing was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| count.number == 0)
    }

    /// Whether there is something to tell, and it is time to.
    pub(crate) fn is_due(&self, now: Duration) -> bool {
        let is_time = self.told.is_none_or(|told| now.saturating_sub(told) >= EVERY);
        is_time && !self.is_empty()
    }

    /// What there is to tell, if it is time to.
    pub(crate) fn tell(&mut self, now: Duration) -> Option<Notice> {
        if !self.is_due(now) {
            return None;
        }
        self.told = Some(now);
        self.tell_all()
    }

    /// What there is to tell, whether or not it is time to.
    pub(crate) fn tell_all(&mut self) -> Option<Notice> {
        let mut text = String::new();
        for (trouble, count) in ALL.into_iter().zip(std::mem::take(&mut self.counts)) {
            if count.number == 0 {
                continue;
            }
            let separator = if text.is_empty() { "" } else { "; " };
            let _ = write!(text, "{separator}{} {}", count.number, trouble.text());
            if let Some(example) = count.example {
                let _ = write!(text, " (the first: {})", shown(&example));
            }
        }
        (!text.is_empty()).then(|| Notice::new(Severity::Warning, text))
    }
}

/// The start of what somebody else wrote, on one line.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    let more = if start.len() < text.len() { "…" } else { "" };
    format!("{:?}", format!("{start}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told_at_once_and_then_no_more_often_than_each_ten_seconds() {
        let (mut tally, second) = (Tally::default(), Duration::from_secs(1));
        assert_eq!(tally.tell(second), None);
        tally.count(Trouble::NotJson, || Some("x".repeat(100)));
        tally.count(Trouble::NotJson, || Some("later".to_owned()));
        tally.count(Trouble::NoFields, || None);
        let text = tally.tell(second).unwrap().text;
        let expected =
            format!("2 messages are no JSON (the first: \"{}…\"); 1 rows have none of the fields", "x".repeat(60));
        assert_eq!(text, expected);
        tally.count(Trouble::NotText, || None);
        assert_eq!(tally.tell(second * 10), None);
        assert_eq!(tally.tell(second * 11).unwrap().text, "1 binary messages are no UTF-8");
    }
}
