//! What an update costs: its values, and whatever forms are made of it. The host's budget holds it for as long as anybody
//! does; the log it waits in, while it waits.

use prometheus_client::metrics::gauge::Gauge;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Bytes of all updates that a host holds, and how many that should be at the most. Cheap to clone.
#[derive(Clone)]
pub(super) struct Budget {
    held: Gauge,
    max: i64,
}

impl Budget {
    pub(super) fn new(held: Gauge, max: usize) -> Self {
        Self { held, max: signed(max) }
    }

    fn add(&self, bytes: usize) {
        self.held.inc_by(signed(bytes));
    }

    fn sub(&self, bytes: usize) {
        self.held.dec_by(signed(bytes));
    }

    pub(super) fn is_exceeded(&self) -> bool {
        self.is_exceeded_with(0)
    }

    /// Whether so many more would be too much.
    pub(super) fn is_exceeded_with(&self, bytes: usize) -> bool {
        self.held.get().saturating_add(signed(bytes)) > self.max
    }
}

/// Bytes of the updates that wait in one log. Signed, because what is added late may be taken off before.
#[derive(Default)]
pub(super) struct Account(AtomicI64);

impl Account {
    pub(super) fn exceeds(&self, bytes: usize) -> bool {
        self.0.load(Ordering::Relaxed) > signed(bytes)
    }

    fn add(&self, bytes: usize) {
        self.0.fetch_add(signed(bytes), Ordering::Relaxed);
    }

    fn sub(&self, bytes: usize) {
        self.0.fetch_sub(signed(bytes), Ordering::Relaxed);
    }
}

/// Set once the update has left its log: what is made of it from then on is its readers' to hold.
const LEFT: usize = 1 << (usize::BITS - 1);

/// The bytes of one update, off the budget when it is dropped.
pub(super) struct Charge {
    bytes: AtomicUsize,
    budget: Budget,
    log: OnceLock<Arc<Account>>,
}

impl Charge {
    pub(super) fn of(bytes: usize, budget: &Budget) -> Self {
        budget.add(bytes);
        Self { bytes: AtomicUsize::new(bytes), budget: budget.clone(), log: OnceLock::new() }
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// As it is now.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed) & !LEFT
    }

    /// Counts it in a log: once, and before anybody reads it there.
    pub(super) fn enter(&self, log: &Arc<Account>) {
        if self.log.set(Arc::clone(log)).is_ok() {
            log.add(self.bytes());
        }
    }

    /// More was made of it.
    pub(super) fn add(&self, bytes: usize) {
        self.budget.add(bytes);
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

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.sub(self.bytes());
    }
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_holds_what_is_made_of_an_update_while_it_waits_and_the_budget_until_it_is_gone() {
        let budget = Budget::new(Gauge::default(), 119);
        let (log, charge) = (Arc::<Account>::default(), Charge::of(100, &budget));
        assert!(!log.exceeds(0));
        charge.enter(&log);
        assert_eq!((budget.is_exceeded_with(19), budget.is_exceeded_with(20)), (false, true));
        charge.add(20);
        assert_eq!((log.0.load(Ordering::Relaxed), charge.bytes(), budget.is_exceeded()), (120, 120, true));
        charge.leave();
        charge.add(7);
        charge.leave();
        assert_eq!((log.0.load(Ordering::Relaxed), charge.bytes(), budget.held.get()), (0, 127, 127));
        drop(charge);
        assert_eq!(budget.held.get(), 0);
    }
}
