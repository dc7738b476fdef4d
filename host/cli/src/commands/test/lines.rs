//! A result as a line for people: what it is, how it went, how long it took; and why, where it did not go well.

use crate::output::harmless;
use std::time::Duration;
use wellhead_conformance::{Report, TestResult, Verdict};

/// Columns of the longest rule's name.
const NAMES: usize = 16;
/// Below it, how long something took is nobody's concern.
const WORTH_SAYING: Duration = Duration::from_millis(1);

const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";
const DIM: &str = "2";

/// How lines look.
pub(super) struct Lines {
    pub(super) colours: bool,
}

impl Lines {
    /// One line, and the reason below it where there is one.
    pub(super) fn of_result(&self, result: &TestResult) -> String {
        let (word, colour, why) = match &result.verdict {
            Verdict::Passed => ("ok     ", GREEN, None),
            Verdict::Failed(why) => ("FAILED ", RED, Some(why)),
            Verdict::Skipped(why) => ("skipped", YELLOW, Some(why)),
        };
        let took = if result.took < WORTH_SAYING { String::new() } else { format!(" ({:.1?})", result.took) };
        let name = harmless(&result.name);
        let mut line =
            format!("{} {name:NAMES$} {}{}", self.in_colour(word, colour), result.promise, self.in_colour(&took, DIM));
        for reason in why.into_iter().flat_map(|why| why.lines()) {
            line.push_str(&format!("\n        {}", self.of_reason(&harmless(reason))));
        }
        line
    }

    /// The sum.
    pub(super) fn of_report(&self, report: &Report) -> String {
        let (passed, failed, skipped) = report.counts();
        let colour = if failed > 0 { RED } else { GREEN };
        let sum = self.in_colour(&format!("{passed} passed, {failed} failed, {skipped} skipped"), colour);
        format!("{} {}: {sum}", harmless(&report.plugin_id), harmless(&report.version))
    }

    /// Lines of a difference stand out.
    fn of_reason(&self, line: &str) -> String {
        match line.as_bytes().first() {
            Some(b'+') => self.in_colour(line, GREEN),
            Some(b'-') => self.in_colour(line, RED),
            _ => line.to_owned(),
        }
    }

    fn in_colour(&self, text: &str, colour: &str) -> String {
        match self.colours && !text.is_empty() {
            true => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(verdict: Verdict) -> TestResult {
        let (name, promise) = ("ref-ids".to_owned(), "Every refId is answered".to_owned());
        TestResult { name, promise, verdict, took: Duration::from_millis(12) }
    }

    #[test]
    fn a_reason_stands_below_its_line_and_colours_are_only_where_they_are_wanted() {
        let plain = Lines { colours: false };
        assert_eq!(
            plain.of_result(&result(Verdict::Failed("A twice\n-b\u{1b}[2J".to_owned()))),
            format!(
                "FAILED  ref-ids          Every refId is answered (12.0ms)\n        A twice\n        {}",
                harmless("-b\u{1b}[2J")
            )
        );
        assert!(!plain.of_result(&result(Verdict::Passed)).contains('\u{1b}'));
        assert!(Lines { colours: true }.of_result(&result(Verdict::Passed)).starts_with("\u{1b}[32mok     \u{1b}[0m"));
    }
}
