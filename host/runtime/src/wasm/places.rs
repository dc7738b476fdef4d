//! Counts what there may only be so many of: a runtime's live instances, a data source's streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts places taken; clones share the count.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Arc<AtomicUsize>);

/// One that is taken, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Places {
    /// A place for one more, unless there are `limit` already: then how many there are.
    pub(super) fn place(&self, limit: usize) -> Result<Place, usize> {
        let taken = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| {
            (taken < limit).then(|| taken.saturating_add(1))
        });
        taken.map(|_| Place(self.0.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_it_is_let_go() {
        let places = Places::default();
        let first = places.place(1).unwrap();
        assert_eq!(places.place(1).unwrap_err(), 1);
        drop(first);
        places.place(1).unwrap();
    }
}
