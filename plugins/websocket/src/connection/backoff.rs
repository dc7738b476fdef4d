//! How long to wait before the next attempt to connect: longer after each one that failed, and never the same for all who
//! lost the same server.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
/// A connection that lived so long was a good one: the next wait is short again.
const HEALTHY: Duration = Duration::from_secs(30);

/// Waits that double.
#[derive(Debug)]
pub(crate) struct Backoff {
    longest: Duration,
    attempts: u32,
}

impl Backoff {
    pub(crate) fn new(longest: Duration) -> Self {
        Self { longest, attempts: 0 }
    }

    /// The next wait: half to all of what it is at most, by `random`.
    pub(crate) fn next(&mut self, random: u32) -> Duration {
        let most = FIRST.saturating_mul(1 << self.attempts.min(20)).min(self.longest);
        self.attempts = self.attempts.saturating_add(1);
        let half = most / 2;
        half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    /// A connection came and went.
    pub(crate) fn lived(&mut self, how_long: Duration) {
        if how_long >= HEALTHY {
            self.attempts = 0;
        }
    }
}

/// Whatever number.
pub(crate) fn random() -> u32 {
    // Without randomness all wait as long as they may.
    getrandom::u32().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew_after_a_healthy_connection() {
        let mut backoff = Backoff::new(Duration::from_millis(1_500));
        let waits = |backoff: &mut Backoff, random| [(); 6].map(|()| backoff.next(random).as_millis());
        assert_eq!(waits(&mut backoff, u32::MAX), [100, 200, 400, 800, 1_500, 1_500]);
        backoff.lived(HEALTHY - Duration::from_millis(1));
        assert_eq!(backoff.next(0).as_millis(), 750);
        backoff.lived(HEALTHY);
        assert_eq!(waits(&mut backoff, 0), [50, 100, 200, 400, 750, 750]);
        backoff.attempts = u32::MAX;
        assert_eq!(backoff.next(u32::MAX).as_millis(), 1_500);
    }
}
