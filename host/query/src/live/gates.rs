//! How many are asked for at once of one data source's plugin, so that a crowd that comes at once finds room in its
//! instance, and a plugin that does not answer keeps only its own subscribers waiting.

use super::Channel;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Who subscribes now. An instance takes a few hundred calls at once, and queries are calls, too.
const FIRST: usize = 64;
/// Who does already: the plugin has other things to do.
const AGAIN: usize = 4;
/// For a turn and the plugin's answer; as long as a call may take by itself.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

type Source = (i64, String);

/// One gate for each data source whose plugin is being asked.
#[derive(Default)]
pub(super) struct Gates(Mutex<HashMap<Source, Arc<Gate>>>);

struct Gate {
    first: Semaphore,
    again: Semaphore,
}

/// A place before a gate, which stands as long as there is one.
pub(super) struct AtGate<'a> {
    gates: &'a Gates,
    source: Source,
    gate: Arc<Gate>,
}

impl Gates {
    fn gates(&self) -> MutexGuard<'_, HashMap<Source, Arc<Gate>>> {
        // Whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn of(&self, channel: &Channel) -> AtGate<'_> {
        let source = (channel.org_id(), channel.namespace().to_owned());
        let gate = || Arc::new(Gate { first: Semaphore::new(FIRST), again: Semaphore::new(AGAIN) });
        let gate = Arc::clone(self.gates().entry(source.clone()).or_insert_with(gate));
        AtGate { gates: self, source, gate }
    }
}

impl AtGate<'_> {
    /// Waits for the turn of one who subscribes. `None` where it took too long.
    pub(super) async fn first(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes a gate.
        tokio::time::timeout(PATIENCE, self.gate.first.acquire()).await.ok()?.ok()
    }

    /// Waits for the turn of one who subscribes already.
    pub(super) async fn again(&self) -> Option<SemaphorePermit<'_>> {
        self.gate.again.acquire().await.ok()
    }
}

impl Drop for AtGate<'_> {
    fn drop(&mut self) {
        let mut gates = self.gates.gates();
        // The table's and this one. Places are taken under the lock, so that there will be no third.
        if Arc::strong_count(&self.gate) == 2 {
            gates.remove(&self.source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_stands_as_long_as_somebody_is_at_it() {
        let gates = Gates::default();
        let channel: Channel = "1/ds/a/x".parse().unwrap();
        let (one, other) = (gates.of(&channel), gates.of(&channel));
        assert!(Arc::ptr_eq(&one.gate, &other.gate));
        drop(one);
        assert_eq!(gates.gates().len(), 1);
        drop(other);
        assert!(gates.gates().is_empty());
    }
}
