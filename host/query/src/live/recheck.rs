//! Asks permission for each subscriber again, as long as its subscription lasts.
//!
//! One task walks through all of them, once a period and spread over it, so that ten thousand who came at once are not
//! asked for at once. The host's own word is asked first and for everybody, whatever plugins do; then the plugin's, in
//! the line of its own data source, where waiting for a turn costs nobody theirs. A plugin that cannot be asked just now
//! has not said no.

use super::hub::Inner;
use super::seats::SeatId;
use super::topic::Topic;
use super::{Authority, Channel, LiveError, SubscriptionEnd, access};
use crate::Caller;
use futures::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Steps of one round.
const STEPS: u32 = 60;
/// Whom the host is asked for at the same time.
const AT_ONCE: usize = 64;
/// After that the host's own answer is none.
const HOSTS_PATIENCE: Duration = Duration::from_secs(5);
/// The same of a plugin's, from its subscriber's turn on; as long as a call may take by itself.
const PLUGINS_PATIENCE: Duration = Duration::from_secs(30);

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

    fn get(&self, number: u64) -> Option<Arc<Watched>> {
        self.round().watched.get(&number).cloned()
    }

    fn next(&self) -> Option<(u64, Arc<Watched>)> {
        let mut round = self.round();
        let after = (Bound::Excluded(round.at), Bound::Unbounded);
        let next = round.watched.range(after).next().or_else(|| round.watched.first_key_value());
        let (number, watched) = next.map(|(number, watched)| (*number, Arc::clone(watched)))?;
        round.at = number;
        Some((number, watched))
    }
}

/// Walks until there are no subscribers.
pub(super) async fn walk(hub: Arc<Inner>) {
    let mut walk = Walk { hub: &hub, is_over: false };
    let mut step = tokio::time::interval((hub.limits.recheck / STEPS).max(Duration::from_millis(1)));
    step.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    // The first tick is at once.
    step.tick().await;
    let (mut hosts, mut plugins) = (FuturesUnordered::new(), FuturesUnordered::new());
    // Whose plugin has yet to answer: they are not asked for twice.
    let mut in_line = HashSet::new();
    let mut due = 0_usize;
    loop {
        tokio::select! {
            _ = step.tick() => {
                let Some(count) = hub.rechecks.count_or_end() else {
                    walk.is_over = true;
                    return;
                };
                // In parts of a subscriber, so that one alone is asked for once a round; never more than a round behind.
                due = due.saturating_add(count).min(count.saturating_mul(STEPS as usize));
            }
            Some(passed) = hosts.next(), if !hosts.is_empty() => {
                if let Some(InLine { number, channel, caller }) = passed && in_line.insert(number) {
                    plugins.push(ask_plugin(&hub, number, channel, caller));
                }
            }
            Some(number) = plugins.next(), if !plugins.is_empty() => {
                in_line.remove(&number);
            }
        }
        while due >= STEPS as usize && hosts.len() < AT_ONCE {
            due -= STEPS as usize;
            hosts.extend(hub.rechecks.next().map(|(number, watched)| ask_host(&hub, number, watched)));
        }
    }
}

/// Has the next subscriber start another walk, should this one not come to its own end.
struct Walk<'a> {
    hub: &'a Inner,
    is_over: bool,
}

impl Drop for Walk<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.hub.rechecks.round().is_walked = false;
        }
    }
}

/// A subscriber whom the host lets go on, and whose plugin is next. Neither its authority nor its topic, which a line may
/// not keep for long after the subscriber has left.
struct InLine {
    number: u64,
    channel: Arc<Channel>,
    caller: Caller,
}

/// Asks the host for one subscriber.
async fn ask_host(hub: &Inner, number: u64, watched: Arc<Watched>) -> Option<InLine> {
    let channel = Arc::clone(watched.topic.channel());
    let asked = access::ask_host(hub, &*watched.authority, &channel);
    let (caller, context) = judged(hub, &watched, HOSTS_PATIENCE, asked).await?;
    context.map(|_| InLine { number, channel, caller })
}

/// Asks the plugin for one subscriber, when it is its turn.
async fn ask_plugin(hub: &Inner, number: u64, channel: Arc<Channel>, caller: Caller) -> u64 {
    let gate = hub.gates.of(&channel);
    let _turn = gate.again().await;
    if let Some(watched) = hub.rechecks.get(number) {
        let asked = async {
            // Of now: the data source may have changed, or be another of its uid, since the host was asked.
            let context = access::context(hub, &caller, &channel).await?;
            access::ask_plugin(hub, context, &channel, watched.topic.data()).await
        };
        judged(hub, &watched, PLUGINS_PATIENCE, asked).await;
    }
    number
}

/// The answer, where there is one in time. The subscription ends where that is what the answer means, and where asking
/// panics: who cannot be asked for at all is not let go on for ever.
async fn judged<T>(
    hub: &Inner,
    watched: &Watched,
    patience: Duration,
    asked: impl Future<Output = Result<T, LiveError>>,
) -> Option<T> {
    let channel = watched.topic.channel();
    let end = match AssertUnwindSafe(tokio::time::timeout(patience, asked)).catch_unwind().await {
        Ok(Ok(Ok(answer))) => return Some(answer),
        Ok(Ok(Err(error))) => {
            let end = access::ends(hub, &error);
            if end.is_none() {
                tracing::debug!(target: "wellhead::live", %channel, "a subscriber could not be asked for again: {error}");
            }
            end?
        }
        Ok(Err(_)) => {
            tracing::warn!(
                target: "wellhead::live", %channel,
                "whether a subscriber still may was not answered within {patience:?}: it is asked in the next round"
            );
            return None;
        }
        Err(_) => {
            let reason = "the host failed to ask whether the subscription is allowed; its log has more".to_owned();
            SubscriptionEnd::Unsupported { code: 500, reason }
        }
    };
    watched.topic.end_one(watched.seat, end);
    None
}
