//! How long each call took.

use crate::answer::nanos;
use std::time::Duration;

/// Every call's time, exact.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<u64>);

impl Latencies {
    /// Room for so many, so that none of the work goes into making room.
    #[must_use]
    pub fn with_capacity(calls: usize) -> Self {
        Self(Vec::with_capacity(calls))
    }

    /// Counts a call.
    pub fn add(&mut self, took: Duration) {
        self.0.push(nanos(took));
    }

    /// Counts all that `other` has.
    pub fn merge(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The one that this part of all are no longer than, in nanoseconds; 0 where there is none.
    #[must_use]
    pub fn percentile(&self, part: f64) -> u64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() as f64 * part).ceil() as usize;
        sorted.get(at.saturating_sub(1)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_calls_that_were() {
        let mut latencies = Latencies::default();
        (1..=100).for_each(|nanos| latencies.add(Duration::from_nanos(nanos)));
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|part| latencies.percentile(part)), [1, 50, 99, 100]);
        assert_eq!(Latencies::default().percentile(0.5), 0);
    }
}
