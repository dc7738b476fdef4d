//! Whose turn it is to compile: one component at a time, because Cranelift spreads each over the cores; what a call
//! waits for goes before what is compiled in advance.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How soon code is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    /// A call waits for it.
    OnDemand,
    /// Nobody waits yet.
    Background,
}

/// The right to compile, until dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _slot: OwnedSemaphorePermit,
}

#[derive(Debug)]
pub(super) struct Turns {
    slot: Arc<Semaphore>,
    /// The one background waiter that may stand at the slot, so that never more than one stands before a call.
    background: Semaphore,
    on_demand: AtomicUsize,
}

impl Default for Turns {
    fn default() -> Self {
        Self { slot: Arc::new(Semaphore::new(1)), background: Semaphore::new(1), on_demand: AtomicUsize::new(0) }
    }
}

impl Turns {
    /// Waits for a turn, in order of arrival within a priority. `None` cannot be, as the semaphores are never closed.
    pub(super) async fn take(&self, priority: Priority) -> Option<Turn> {
        match priority {
            Priority::OnDemand => {
                let _waiting = Waiting::new(&self.on_demand);
                Some(Turn { _slot: self.slot.clone().acquire_owned().await.ok()? })
            }
            Priority::Background => {
                let _first = self.background.acquire().await.ok()?;
                loop {
                    let slot = self.slot.clone().acquire_owned().await.ok()?;
                    if self.on_demand.load(Ordering::Acquire) == 0 {
                        return Some(Turn { _slot: slot });
                    }
                    // Given back, it goes to the call that waits; asking again puts this one behind it.
                    drop(slot);
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

/// Counts a waiter, also one that gives up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[tokio::test]
    async fn those_that_calls_wait_for_go_before_those_in_the_background_and_each_in_order() {
        let (turns, order) = (Turns::default(), Mutex::new(Vec::new()));
        let first = turns.take(Priority::Background).await.unwrap();
        let wait = async |name, priority| {
            let _turn = turns.take(priority).await.unwrap();
            order.lock().unwrap().push(name);
        };
        let given_up = turns.take(Priority::OnDemand);
        let ((), (), (), (), (), ()) = futures::join!(
            wait("background 1", Priority::Background),
            wait("background 2", Priority::Background),
            wait("call 1", Priority::OnDemand),
            wait("call 2", Priority::OnDemand),
            async {
                // Polled once, then gone: it must not keep those behind it waiting.
                futures::future::select(Box::pin(given_up), futures::future::ready(())).await;
            },
            async { drop(first) },
        );
        assert_eq!(*order.lock().unwrap(), ["call 1", "call 2", "background 1", "background 2"]);
    }
}
