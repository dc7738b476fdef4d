//! Ticks that do not drift.

use std::time::Duration;

use wellhead_sdk::task;

/// How far behind a tick may be made up for. Timers are late by a millisecond, which at 1,000 a second is every tick;
/// but a reader who stood still for long wants the present, not all he has missed.
const CATCH_UP: Duration = Duration::from_secs(1);

/// The clock of one run.
#[derive(Debug)]
pub(super) struct Pace {
    period: Duration,
    /// Of the monotonic clock.
    next: Duration,
}

impl Pace {
    /// The first tick is a period from now.
    pub(super) fn new(period: Duration) -> Self {
        Self { period, next: task::monotonic().saturating_add(period) }
    }

    /// Waits for the next tick.
    pub(super) async fn tick(&mut self) {
        let wait = self.advance(task::monotonic());
        if !wait.is_zero() {
            task::sleep(wait).await;
        }
    }

    /// How long to wait at this reading of the clock, and the tick after it.
    fn advance(&mut self, now: Duration) -> Duration {
        if now.saturating_sub(self.next) > CATCH_UP {
            self.next = now;
        }
        let wait = self.next.saturating_sub(now);
        self.next = self.next.saturating_add(self.period);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_late_tick_does_not_move_those_after_it() {
        let mut pace = Pace { period: 10 * MS, next: 10 * MS };
        assert_eq!(pace.advance(Duration::ZERO), 10 * MS);
        assert_eq!(pace.advance(13 * MS), 7 * MS);
        assert_eq!(pace.advance(35 * MS), Duration::ZERO);
        assert_eq!(pace.advance(35 * MS), 5 * MS);
    }

    #[test]
    fn what_was_missed_for_long_is_not_made_up_for() {
        let mut pace = Pace { period: 10 * MS, next: 10 * MS };
        assert_eq!(pace.advance(5_000 * MS), Duration::ZERO);
        assert_eq!(pace.advance(5_000 * MS), 10 * MS);
    }
}
