//! What came of it: one result a rule and a case.

use std::fmt;
use std::time::Duration;

/// How a rule or a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Passed,
    /// Not so: why, in words a plugin's author can act on.
    Failed(String),
    /// It could not be applied: why not, and what would make it so.
    Skipped(String),
}

impl Verdict {
    /// Passed, or failed with what `fault` says.
    pub(crate) fn unless(fault: Option<String>) -> Self {
        fault.map_or(Self::Passed, Self::Failed)
    }
}

/// The result of one rule or case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// The rule's name, or `case/NAME`.
    pub name: String,
    /// What it asks for, in one sentence.
    pub promise: String,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for TestResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Passed => write!(f, "ok {}", self.name),
            Verdict::Failed(why) => write!(f, "FAILED {}: {why}", self.name),
            Verdict::Skipped(why) => write!(f, "skipped {}: {why}", self.name),
        }
    }
}

/// All results of one plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The plugin's id.
    pub plugin_id: String,
    /// Its version.
    pub version: String,
    /// In the order they were run.
    pub results: Vec<TestResult>,
}

impl Report {
    /// Whether anything failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.results.iter().any(|result| matches!(result.verdict, Verdict::Failed(_)))
    }

    /// How many passed, failed and were skipped.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        self.results.iter().fold((0, 0, 0), |(passed, failed, skipped), result| match result.verdict {
            Verdict::Passed => (passed + 1, failed, skipped),
            Verdict::Failed(_) => (passed, failed + 1, skipped),
            Verdict::Skipped(_) => (passed, failed, skipped + 1),
        })
    }
}
