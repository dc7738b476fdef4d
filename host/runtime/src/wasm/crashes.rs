//! What a data source's crashes lead to: a pause that grows, then quarantine.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The pause after the second crash in a row; it doubles with each further one. The first restart is at once.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Crashes of one data source.
#[derive(Debug, Default)]
pub(super) struct Crashes {
    recent: VecDeque<Instant>,
    quarantine: Option<String>,
}

/// Whether an instance may be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Now,
    /// Not before then.
    At(Instant),
    /// Not until somebody lets it: why.
    Quarantined(String),
}

impl Crashes {
    /// Counts a crash. True where it was the one too many.
    pub(super) fn add(&mut self, now: Instant, reason: &str, allowed: usize, window: Duration) -> bool {
        self.forget_before(now, window);
        self.recent.push_back(now);
        // What is counted is never more than what quarantines.
        if self.recent.len() < allowed.max(1) || self.quarantine.is_some() {
            return false;
        }
        let count = self.recent.len();
        self.quarantine = Some(format!("{count} crashes within {window:?}, the last one: {reason}"));
        true
    }

    pub(super) fn start(&mut self, now: Instant, window: Duration) -> Start {
        if let Some(reason) = &self.quarantine {
            return Start::Quarantined(reason.clone());
        }
        self.forget_before(now, window);
        let (Some(last), count) = (self.recent.back(), self.recent.len()) else { return Start::Now };
        let doublings = u32::try_from(count.saturating_sub(2)).unwrap_or(u32::MAX).min(16);
        let pause = match count {
            1 => return Start::Now,
            _ => FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE),
        };
        match last.checked_add(pause) {
            Some(then) if then > now => Start::At(then),
            _ => Start::Now,
        }
    }

    pub(super) fn quarantine(&self) -> Option<&str> {
        self.quarantine.as_deref()
    }

    /// Starts anew: other code, other settings, or somebody's word.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    fn forget_before(&mut self, now: Instant, window: Duration) {
        while self.recent.front().is_some_and(|crash| now.saturating_duration_since(*crash) > window) {
            self.recent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(60);

    #[test]
    fn the_first_restart_is_at_once_and_the_pauses_double_up_to_five_seconds() {
        let (mut crashes, now) = (Crashes::default(), Instant::now());
        assert_eq!(crashes.start(now, WINDOW), Start::Now);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            assert!(!crashes.add(now, "x", 100, WINDOW));
            pauses.push(match crashes.start(now, WINDOW) {
                Start::At(then) => (then - now).as_millis(),
                _ => 0,
            });
        }
        assert_eq!(pauses, [0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(crashes.start(now + Duration::from_secs(5), WINDOW), Start::Now);
    }

    #[test]
    fn crashes_within_the_window_quarantine_until_a_reset_and_older_ones_are_forgotten() {
        let (mut crashes, now) = (Crashes::default(), Instant::now());
        for second in 0..4 {
            assert!(!crashes.add(now + Duration::from_secs(second), "x", 5, WINDOW));
        }
        let later = now + Duration::from_secs(61);
        assert!(!crashes.add(later, "x", 5, WINDOW), "the first one is more than a minute ago");
        assert!(crashes.add(later, "boom", 5, WINDOW));
        let reason = "5 crashes within 60s, the last one: boom";
        assert_eq!(crashes.start(later + 10 * WINDOW, WINDOW), Start::Quarantined(reason.into()));
        assert_eq!(crashes.quarantine(), Some(reason));
        crashes.reset();
        assert_eq!(crashes.start(later, WINDOW), Start::Now);
    }
}
