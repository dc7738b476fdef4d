//! How long things took, many or few.

use crate::report::ms;
use std::time::Duration;

/// Each bucket's upper bound is this many times the one before: percentiles are right to 2 %.
const STEP: f64 = 1.02;
/// Enough for ten minutes in microseconds.
const BUCKETS: usize = 1_024;

/// Counts durations by size, in the same memory however many there are: what measures memory must not grow itself.
#[derive(Clone, Debug)]
pub struct Latencies {
    counts: Vec<u64>,
    total: u64,
    max: Duration,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max: Duration::ZERO }
    }
}

impl Latencies {
    /// Counts one.
    pub fn add(&mut self, took: Duration) {
        let micros = (took.as_secs_f64() * 1e6).max(1.0);
        let bucket = (micros.ln() / STEP.ln()) as usize;
        if let Some(count) = self.counts.get_mut(bucket.min(BUCKETS - 1)) {
            *count += 1;
        }
        self.total += 1;
        self.max = self.max.max(took);
    }

    /// Counts all that `other` has.
    pub fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The longest.
    pub fn max(&self) -> Duration {
        self.max
    }

    /// The one that `part` of all are no longer than: 0.99 gives p99.
    pub fn percentile(&self, part: f64) -> Duration {
        let wanted = (self.total as f64 * part).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                let bound = Duration::from_secs_f64(STEP.powf(bucket as f64 + 1.0) / 1e6);
                return bound.min(self.max);
            }
        }
        self.max
    }

    /// p50, p99 and the longest in words.
    pub fn summary(&self) -> String {
        if self.total == 0 {
            return "none".to_owned();
        }
        let [p50, p99] = [0.5, 0.99].map(|part| ms(self.percentile(part)));
        format!("p50 {p50}, p99 {p99}, max {}", ms(self.max))
    }
}

impl FromIterator<Duration> for Latencies {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        let mut all = Self::default();
        durations.into_iter().for_each(|took| all.add(took));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_two_in_a_hundred_and_the_longest_is_exact() {
        let all: Latencies = (1..=10_000).map(Duration::from_micros).collect();
        for (part, micros) in [(0.5, 5_000.0), (0.99, 9_900.0)] {
            let seen = all.percentile(part).as_secs_f64() * 1e6;
            assert!((seen / micros - 1.0).abs() < 0.02, "{part}: {seen} µs");
        }
        assert_eq!(all.max(), Duration::from_millis(10));
        assert_eq!(all.percentile(1.0), all.max());
    }

    #[test]
    fn what_was_merged_counts() {
        let mut all: Latencies = [Duration::from_millis(1)].into_iter().collect();
        all.merge(&[Duration::from_secs(2)].into_iter().collect());
        assert_eq!((all.count(), all.max()), (2, Duration::from_secs(2)));
    }
}
