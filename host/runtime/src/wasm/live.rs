//! How many instances a runtime has alive, and the room for more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts instances; clones share the count.
#[derive(Clone, Debug, Default)]
pub(super) struct Live(Arc<AtomicUsize>);

/// One instance in the count.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Live {
    /// A place for one more, unless there are `limit` already: then how many there are.
    pub(super) fn place(&self, limit: usize) -> Result<Place, usize> {
        let taken = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |live| (live < limit).then(|| live.saturating_add(1)));
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
    fn a_place_is_free_again_when_its_instance_is_gone() {
        let live = Live::default();
        let first = live.place(1).unwrap();
        assert_eq!(live.place(1).unwrap_err(), 1);
        drop(first);
        live.place(1).unwrap();
    }
}
