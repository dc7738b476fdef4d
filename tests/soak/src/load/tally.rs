//! What clients have seen.

use crate::latency::Latencies;
use std::collections::BTreeMap;
use std::time::Duration;

/// Faults that are told in full; of others only the number is.
const TOLD: usize = 10;

/// Whom a client asks, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Library,
    Http,
    Healthy,
}

/// Of one client or of several.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) answered: BTreeMap<Kind, Answers>,
    pub(crate) failed: Faults,
    pub(crate) wrong: Faults,
    /// How long they were at work.
    pub(crate) lasted: Duration,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    pub(crate) count: u64,
    /// Since the request was due.
    pub(crate) took: Latencies,
}

/// How many there were, and the first of them in words.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) count: u64,
    pub(crate) first: Vec<String>,
}

impl Faults {
    fn add(&mut self, fault: String) {
        self.count += 1;
        if self.first.len() < TOLD {
            self.first.push(fault);
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        let room = TOLD.saturating_sub(self.first.len());
        self.first.extend(other.first.into_iter().take(room));
    }
}

impl Tally {
    pub(super) fn answered(&mut self, kind: Kind, took: Option<Duration>) {
        let answers = self.answered.entry(kind).or_default();
        answers.count += 1;
        if let Some(took) = took {
            answers.took.add(took);
        }
    }

    pub(super) fn failed(&mut self, fault: String) {
        self.failed.add(fault);
    }

    pub(super) fn wrong(&mut self, fault: String) {
        self.wrong.add(fault);
    }

    /// Adds what `other` saw; how long it took adds up too, as of one stretch after the other.
    pub(crate) fn merge(&mut self, other: Self) {
        for (kind, theirs) in other.answered {
            let mine = self.answered.entry(kind).or_default();
            mine.count += theirs.count;
            mine.took.merge(&theirs.took);
        }
        self.failed.merge(other.failed);
        self.wrong.merge(other.wrong);
        self.lasted += other.lasted;
    }

    /// Answers a second.
    pub(crate) fn rate(&self, kind: Kind) -> f64 {
        self.of(kind).count as f64 / self.lasted.as_secs_f64().max(1e-9)
    }

    pub(crate) fn of(&self, kind: Kind) -> Answers {
        self.answered.get(&kind).cloned().unwrap_or_default()
    }
}
