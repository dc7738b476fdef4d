//! Which exemplars to show: a server may have thousands, and a panel has room for a few a step.
//! Grafana's choice: of each step the highest, and below it those that stand apart by two standard deviations.

use std::collections::BTreeMap;
use std::time::Duration;

/// Distance to the last one taken, in standard deviations of all values.
const APART: f64 = 2.0;

/// What is needed of an exemplar to choose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate<T> {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// What was observed.
    pub value: f64,
    /// Whatever the caller wants back.
    pub item: T,
}

/// The candidates to show, by time.
pub fn sample<T>(candidates: Vec<Candidate<T>>, step: Duration) -> Vec<Candidate<T>> {
    let apart = APART * standard_deviation(candidates.iter().map(|candidate| candidate.value));
    let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1);
    let mut steps: BTreeMap<i64, Vec<Candidate<T>>> = BTreeMap::new();
    for candidate in candidates {
        steps.entry(candidate.at.div_euclid(step)).or_default().push(candidate);
    }
    let mut chosen = Vec::new();
    for mut candidates in steps.into_values() {
        candidates.sort_by(|a, b| b.value.total_cmp(&a.value));
        let mut last = None;
        for candidate in candidates {
            let take = match last {
                None => true,
                Some(last) => apart > 0.0 && last - candidate.value > apart,
            };
            if take {
                last = Some(candidate.value);
                chosen.push(candidate);
            }
        }
    }
    chosen.sort_by_key(|candidate| candidate.at);
    chosen
}

/// Of a sample, in one pass (Welford); 0 for fewer than two values.
fn standard_deviation(values: impl Iterator<Item = f64>) -> f64 {
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for value in values {
        count += 1.0;
        let before = value - mean;
        mean += before / count;
        squares += before * (value - mean);
    }
    if count < 2.0 { 0.0 } else { f64::sqrt(squares / (count - 1.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(values: &[(i64, f64)], step: u64) -> Vec<(i64, f64)> {
        let candidates = values.iter().map(|&(at, value)| Candidate { at, value, item: () }).collect();
        sample(candidates, Duration::from_millis(step)).into_iter().map(|c| (c.at, c.value)).collect()
    }

    #[test]
    fn each_step_shows_its_highest() {
        assert_eq!(chosen(&[(1, 5.0), (2, 6.0), (11, 4.0), (12, 4.0)], 10), [(2, 6.0), (11, 4.0)]);
        assert_eq!(chosen(&[], 10), []);
        assert_eq!(chosen(&[(7, 1.0)], 0), [(7, 1.0)]);
    }

    #[test]
    fn those_far_below_are_shown_too() {
        let mut values: Vec<(i64, f64)> = (0..50).map(|n| (n, 100.0 + (n % 3) as f64)).collect();
        values.push((50, 0.0));
        // The standard deviation is about 14: 0 stands apart from 102, 100 and 101 do not.
        assert_eq!(chosen(&values, 1_000), [(2, 102.0), (50, 0.0)]);
    }

    #[test]
    fn the_standard_deviation_is_that_of_a_sample() {
        assert_eq!(standard_deviation([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter()), (32.0_f64 / 7.0).sqrt());
        assert_eq!(standard_deviation([3.0].into_iter()), 0.0);
    }
}
