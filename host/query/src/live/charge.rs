//! What an update costs the log it waits in: its values, and whatever forms are made of it while it waits.

use prometheus_client::metrics::gauge::Gauge;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Bytes that all channels of a host hold together, and how many that should be at the most. Signed, because what is
/// added late may be taken off before. Cheap to clone.
#[derive(Clone)]
pub(super) struct Budget {
    held: Gauge,
    max: i64,
}

impl Budget {
    pub(super) fn new(held: Gauge, max: usize) -> Self {
        Self { held, max: signed(max) }
    }

    pub(super) fn add(&self, bytes: usize) {
        self.held.inc_by(signed(bytes));
    }

    pub(super) fn sub(&self, bytes: usize) {
        self.held.dec_by(signed(bytes));
    }

    pub(super) fn is_exceeded(&self) -> bool {
        self.held.get() > self.max
    }
}

/// Bytes held by the updates of one log, which are of the host's budget.
pub(super) struct Account {
    held: AtomicI64,
    budget: Budget,
}

pub(super) type Held = Arc<Account>;

impl Account {
    pub(super) fn of(budget: &Budget) -> Held {
        Arc::new(Self { held: AtomicI64::new(0), budget: budget.clone() })
    }

    pub(super) fn exceeds(&self, bytes: usize) -> bool {
        self.held.load(Ordering::Relaxed) > signed(bytes)
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    fn add(&self, bytes: usize) {
        self.held.fetch_add(signed(bytes), Ordering::Relaxed);
        self.budget.add(bytes);
    }

    fn sub(&self, bytes: usize) {
        self.held.fetch_sub(signed(bytes), Ordering::Relaxed);
        self.budget.sub(bytes);
    }
}

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
            log.add(self.bytes());
        }
    }

    /// More was made of it.
    pub(super) fn add(&self, bytes: usize) {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if before & LEFT == 0
            && let Some(log) = self.log.get()
        {
            log.add(bytes);
        }
    }

    /// Takes it off the log it entered.
    pub(super) fn leave(&self) {
        let before = self.bytes.fetch_or(LEFT, Ordering::Relaxed);
        if before & LEFT == 0
            && let Some(log) = self.log.get()
        {
            log.sub(before);
        }
    }
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_holds_what_is_made_of_an_update_while_it_waits_and_nothing_after() {
        let budget = Budget::new(Gauge::default(), 119);
        let (log, charge) = (Account::of(&budget), Charge::of(100));
        charge.enter(&log);
        assert!(!budget.is_exceeded());
        charge.add(20);
        assert_eq!((log.held.load(Ordering::Relaxed), charge.bytes()), (120, 120));
        assert!(budget.is_exceeded());
        charge.leave();
        charge.add(7);
        charge.leave();
        assert_eq!((log.held.load(Ordering::Relaxed), charge.bytes(), budget.held.get()), (0, 127, 0));
    }
}
