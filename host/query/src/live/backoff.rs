//! How long to wait before a channel is run again.

use super::LiveLimits;
use std::time::Duration;

pub(super) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(limits: &LiveLimits) -> Self {
        let (first, most) = (limits.restart_after, limits.restart_after_at_most);
        Self { first, most, next: first }
    }

    /// After a run that lived so long: twice as long as the last time, unless it lived long enough to begin anew.
    pub(super) fn after(&mut self, lived: Duration) -> Duration {
        if lived >= self.most {
            self.next = self.first;
        }
        let now = self.next.min(self.most);
        self.next = now.saturating_mul(2);
        now
    }

    /// What there was to wait for may be mended.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_most_and_begins_anew_after_a_run_that_lived_as_long() {
        let mut backoff = Backoff::new(&LiveLimits::default());
        let young = Duration::from_millis(4_999);
        let waits: Vec<_> = (0..8).map(|_| backoff.after(young).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(backoff.after(Duration::from_secs(5)).as_millis(), 100);
        assert_eq!(backoff.after(young).as_millis(), 200);
        backoff.reset();
        assert_eq!(backoff.after(young).as_millis(), 100);
    }
}
