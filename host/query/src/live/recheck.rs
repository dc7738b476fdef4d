//! Asks permission for each subscriber again, as long as its subscription lasts.
//!
//! One task walks through all of them, once a period and spread over it, so that ten thousand who came at once are not
//! asked for at once. A plugin that cannot be asked just now has not said no.

use super::hub::Inner;
use super::seats::SeatId;
use super::topic::Topic;
use super::{Authority, access};
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Steps of one round.
const STEPS: u32 = 60;
/// Asked for at the same time: plugins have other things to do.
const AT_ONCE: usize = 8;
/// After that an answer is none.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(super) struct Rechecks(Mutex<Round>);

#[derive(Default)]
struct Round {
    /// In the order they came, which is the order they are asked in.
    watched: BTreeMap<u64, Arc<Watched>>,
    numbers: u64,
    /// The last that was asked.
    at: u64,
    is_walked: bool,
}

/// A subscriber, and on whose behalf it is one.
pub(super) struct Watched {
    pub(super) authority: Arc<dyn Authority>,
    pub(super) topic: Arc<Topic>,
    pub(super) seat: SeatId,
}

impl Rechecks {
    fn round(&self) -> MutexGuard<'_, Round> {
        // It is a list of subscribers, whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a subscriber. True where nobody walks yet: the caller has somebody do so.
    #[must_use]
    pub(super) fn add(&self, watched: Watched) -> (u64, bool) {
        let mut round = self.round();
        round.numbers = round.numbers.wrapping_add(1);
        let number = round.numbers;
        round.watched.insert(number, Arc::new(watched));
        (number, !std::mem::replace(&mut round.is_walked, true))
    }

    pub(super) fn remove(&self, number: u64) {
        let removed = self.round().watched.remove(&number);
        // Somebody's authority: not to be dropped under the lock.
        drop(removed);
    }

    /// How many there are. Where there are none, the walk is over.
    fn count_or_end(&self) -> Option<usize> {
        let mut round = self.round();
        if round.watched.is_empty() {
            round.is_walked = false;
            return None;
        }
        Some(round.watched.len())
    }

    fn next(&self) -> Option<Arc<Watched>> {
        let mut round = self.round();
        let after = (Bound::Excluded(round.at), Bound::Unbounded);
        let next = round.watched.range(after).next().or_else(|| round.watched.first_key_value());
        let (number, watched) = next.map(|(number, watched)| (*number, Arc::clone(watched)))?;
        round.at = number;
        Some(watched)
    }
}

/// Walks until there are no subscribers.
pub(super) async fn walk(hub: Arc<Inner>) {
    let mut step = tokio::time::interval((hub.limits.recheck / STEPS).max(Duration::from_millis(1)));
    step.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    // The first tick is at once.
    step.tick().await;
    let mut asked = FuturesUnordered::new();
    let mut due = 0_usize;
    loop {
        tokio::select! {
            _ = step.tick() => {
                let Some(count) = hub.rechecks.count_or_end() else { return };
                // In parts of a subscriber, so that one alone is asked for once a round; never more than a round behind.
                due = due.saturating_add(count).min(count.saturating_mul(STEPS as usize));
            }
            Some(()) = asked.next(), if !asked.is_empty() => {}
        }
        while due >= STEPS as usize && asked.len() < AT_ONCE {
            due -= STEPS as usize;
            asked.extend(hub.rechecks.next().map(|watched| ask(&hub, watched)));
        }
    }
}

async fn ask(hub: &Inner, watched: Arc<Watched>) {
    let (topic, authority) = (&watched.topic, &*watched.authority);
    let answer = tokio::time::timeout(PATIENCE, access::ask(hub, authority, topic.channel(), topic.data())).await;
    let Ok(Err(error)) = answer else { return };
    match access::ends(&error) {
        Some(end) => topic.end_one(watched.seat, end),
        None => tracing::debug!(
            target: "wellhead::live", channel = %topic.channel(), "a subscriber could not be asked for again: {error}"
        ),
    }
}
