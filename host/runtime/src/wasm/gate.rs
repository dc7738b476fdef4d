//! Turns for guests that compute: as many run at once as there are cores, one tick at a time.
//!
//! The guest threads are one more than that, so that a guest with little to do always finds a thread, however many
//! others compute without end.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Cheap to clone; one per runtime.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<Semaphore>);

/// Leave to compute until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Gate {
    pub(super) fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once.max(1))))
    }

    /// Waits for a turn; first come, first served.
    pub(super) async fn turn(&self) -> Turn {
        // It is never closed: without a permit there is nothing to take turns with.
        Turn { _permit: self.0.clone().acquire_owned().await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn no_more_than_allowed_have_a_turn_and_the_next_gets_one_when_it_is_over() {
        let gate = Gate::new(1);
        let first = gate.turn().await;
        let mut second = std::pin::pin!(gate.turn());
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        second.await;
    }
}
