//! When users and tokens were last used: noted in memory, written in the background, once a minute each at most.

use super::Inner;
use crate::identities::Used;
use crate::{Identities, IdentityError};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is written about one user or token is at most this old.
const EVERY_SECONDS: i64 = 60;
/// How long what was noted waits for more, to be written at once: each write is one fsync.
const GATHERED_FOR: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct LastUsed {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The second of the last note of each; those older than a minute go when something is written.
    noted: HashMap<Used, i64>,
    unwritten: HashMap<Used, i64>,
    /// Whether somebody will come and write.
    is_awaited: bool,
}

impl LastUsed {
    /// Notes that something is used. Nothing is written before the caller has its answer.
    pub(super) fn note(&self, used: Used, now: Timestamp, identities: &Identities, inner: &Arc<Inner>) {
        let mut state = self.lock();
        let second = now.as_second();
        if state.noted.get(&used).is_some_and(|noted| second.saturating_sub(*noted) < EVERY_SECONDS) {
            return;
        }
        state.noted.insert(used, second);
        state.unwritten.insert(used, second);
        if std::mem::replace(&mut state.is_awaited, true) {
            return;
        }
        drop(state);
        // Neither the database nor this is kept open for it.
        let (identities, inner) = (identities.downgrade(), Arc::downgrade(inner));
        tokio::spawn(async move {
            tokio::time::sleep(GATHERED_FOR).await;
            let (Some(identities), Some(inner)) = (identities.upgrade(), inner.upgrade()) else { return };
            if let Err(error) = inner.used.write(&identities).await {
                tracing::warn!(%error, "when users and tokens were last used was not written down");
            }
        });
    }

    /// Writes what was noted.
    pub(super) async fn write(&self, identities: &Identities) -> Result<(), IdentityError> {
        let unwritten = {
            let mut state = self.lock();
            state.is_awaited = false;
            let latest = state.noted.values().copied().max().unwrap_or_default();
            state.noted.retain(|_, noted| latest.saturating_sub(*noted) < EVERY_SECONDS);
            std::mem::take(&mut state.unwritten)
        };
        if unwritten.is_empty() { Ok(()) } else { identities.write_used(unwritten.into_iter().collect()).await }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
