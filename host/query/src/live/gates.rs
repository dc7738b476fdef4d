//! How many are asked for at once of one data source's plugin, so that a crowd that comes at once finds room in its
//! instance, and a plugin that does not answer keeps only its own subscribers waiting.

use super::Channel;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Who subscribes now. An instance takes a few hundred calls at once, and queries are calls, too.
const FIRST: usize = 64;
/// Who does already: the plugin has other things to do.
const AGAIN: usize = 4;
/// For a turn of one who subscribes; as long as a call may take by itself.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

type Source = (i64, String);

/// One gate for each data source whose plugin is being asked.
#[derive(Default)]
pub(super) struct Gates(Mutex<HashMap<Source, Weak<Gate>>>);

/// Stands as long as somebody is at it.
pub(super) struct Gate {
    first: Semaphore,
    again: Semaphore,
}

impl Gates {
    fn gates(&self) -> MutexGuard<'_, HashMap<Source, Weak<Gate>>> {
        // Whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn of(&self, channel: &Channel) -> Arc<Gate> {
        let source = (channel.org_id(), channel.namespace().to_owned());
        let mut gates = self.gates();
        if let Some(gate) = gates.get(&source).and_then(Weak::upgrade) {
            return gate;
        }
        // So that there are never more entries than gates that stood at once.
        gates.retain(|_, gate| gate.strong_count() > 0);
        let gate = Arc::new(Gate { first: Semaphore::new(FIRST), again: Semaphore::new(AGAIN) });
        gates.insert(source, Arc::downgrade(&gate));
        gate
    }
}

impl Gate {
    /// Waits for the turn of one who subscribes. `None` where it took too long.
    pub(super) async fn first(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes a gate.
        tokio::time::timeout(PATIENCE, self.first.acquire()).await.ok()?.ok()
    }

    /// Waits for the turn of one who subscribes already, however long that takes.
    pub(super) async fn again(&self) -> Option<SemaphorePermit<'_>> {
        self.again.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_stands_as_long_as_somebody_is_at_it_and_leaves_nothing_behind() {
        let gates = Gates::default();
        let of = |uid: usize| gates.of(&format!("1/ds/{uid}/x").parse().unwrap());
        let (one, other) = (of(0), of(0));
        assert!(Arc::ptr_eq(&one, &other));
        drop(one);
        assert!(Arc::ptr_eq(&of(0), &other));
        (1..100).for_each(|uid| drop(of(uid)));
        assert_eq!(gates.gates().len(), 2, "the one that stands, and the last that did");
    }
}
