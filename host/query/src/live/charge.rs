//! What an update costs the log it waits in: its values, and whatever forms are made of it while it waits.

use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Bytes held by the updates of one log. Signed, because what is added late may be taken off before.
pub(super) type Held = Arc<AtomicIsize>;

/// Set once the update has left its log: what is made of it from then on is its readers' to hold.
const LEFT: usize = 1 << (usize::BITS - 1);

pub(super) struct Charge {
    bytes: AtomicUsize,
    log: OnceLock<Held>,
}

impl Charge {
    pub(super) fn of(bytes: usize) -> Self {
        Self { bytes: AtomicUsize::new(bytes), log: OnceLock::new() }
    }

    /// As it is now.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed) & !LEFT
    }

    /// Counts it in a log: once, and before anybody reads it there.
    pub(super) fn enter(&self, log: &Held) {
        if self.log.set(Arc::clone(log)).is_ok() {
            log.fetch_add(signed(self.bytes()), Ordering::Relaxed);
        }
    }

    /// More was made of it.
    pub(super) fn add(&self, bytes: usize) {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if before & LEFT == 0
            && let Some(log) = self.log.get()
        {
            log.fetch_add(signed(bytes), Ordering::Relaxed);
        }
    }

    /// Takes it off the log it entered.
    pub(super) fn leave(&self) {
        let before = self.bytes.fetch_or(LEFT, Ordering::Relaxed);
        if before & LEFT == 0
            && let Some(log) = self.log.get()
        {
            log.fetch_sub(signed(before), Ordering::Relaxed);
        }
    }
}

fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_holds_what_is_made_of_an_update_while_it_waits_and_nothing_after() {
        let (log, charge) = (Held::default(), Charge::of(100));
        charge.enter(&log);
        charge.add(20);
        assert_eq!((log.load(Ordering::Relaxed), charge.bytes()), (120, 120));
        charge.leave();
        charge.add(7);
        charge.leave();
        assert_eq!((log.load(Ordering::Relaxed), charge.bytes()), (0, 127));
    }
}
