//! Which channels there are, and how many subscribers: the one place where the numbers of an org and of the host are kept.

use super::charge::Budget;
use super::metrics::LiveMetrics;
use super::seats::SeatId;
use super::topic::Topic;
use super::{Channel, LiveError, LiveLimits, Scope, SubscriptionEnd};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) struct Topics {
    limits: LiveLimits,
    metrics: Arc<LiveMetrics>,
    budget: Budget,
    /// By channel, then by data. A topic is here until it ends.
    by_channel: HashMap<Channel, HashMap<String, Arc<Topic>>>,
    per_org: HashMap<i64, usize>,
    subscribers: usize,
    /// Whether something may be kept for nobody: nothing was when that was last looked for, and nobody has left since.
    may_relieve: bool,
    closed: bool,
}

/// A seat in a topic.
pub(super) struct Place {
    pub(super) topic: Arc<Topic>,
    pub(super) seat: SeatId,
    /// Whether the topic was made for it.
    pub(super) is_new: bool,
}

impl Topics {
    pub(super) fn new(limits: LiveLimits, metrics: Arc<LiveMetrics>, budget: Budget) -> Self {
        let (by_channel, per_org) = (HashMap::new(), HashMap::new());
        Self { limits, metrics, budget, by_channel, per_org, subscribers: 0, may_relieve: false, closed: false }
    }

    /// Takes a seat in a topic, which is made where there is none.
    pub(super) fn join(&mut self, channel: &Channel, data: &str, replayed: bool) -> Result<Place, LiveError> {
        if self.subscribers >= self.limits.subscribers {
            return Err(LiveError::LimitExceeded {
                name: "subscribers",
                limit: self.limits.subscribers as u64,
                actual: self.subscribers as u64 + 1,
                cure: "unsubscribe from what nobody looks at, or raise the limit",
            });
        }
        let (topic, is_new) = self.open(channel, data)?;
        let joined = topic.join(self.limits.subscribers_per_channel, replayed);
        if joined.is_err() && is_new {
            self.remove(&topic);
        }
        let seat = joined?;
        self.subscribers += 1;
        self.metrics.subscribers.inc();
        Ok(Place { topic, seat, is_new })
    }

    /// A seat was given back. A topic that nobody feeds, and that has nothing to show to whoever comes next, goes with its
    /// last subscriber.
    pub(super) fn left(&mut self, topic: &Arc<Topic>) {
        self.subscribers = self.subscribers.saturating_sub(1);
        self.metrics.subscribers.dec();
        self.may_relieve = true;
        if topic.channel().scope() == Scope::Stream && topic.idle_since().is_some() && !topic.keeps_something() {
            self.remove(topic);
        }
    }

    pub(super) fn get(&self, channel: &Channel, data: &str) -> Option<Arc<Topic>> {
        self.by_channel.get(channel)?.get(data).cloned()
    }

    /// Whether it is the one that who comes next joins.
    pub(super) fn has(&self, topic: &Arc<Topic>) -> bool {
        self.get(topic.channel(), topic.data()).is_some_and(|there| Arc::ptr_eq(&there, topic))
    }

    /// The topic, which is made where there is none; and whether it was.
    pub(super) fn open(&mut self, channel: &Channel, data: &str) -> Result<(Arc<Topic>, bool), LiveError> {
        if self.closed {
            return Err(LiveError::ShutDown);
        }
        if let Some(topic) = self.get(channel, data) {
            return Ok((topic, false));
        }
        self.make_room(channel.org_id())?;
        let fed = channel.scope() == Scope::DataSource;
        let metrics = Arc::clone(&self.metrics);
        let topic = Topic::new(Arc::new(channel.clone()), data.to_owned(), fed, &self.limits, metrics, &self.budget);
        let topic = Arc::new(topic);
        self.by_channel.entry(channel.clone()).or_default().insert(data.to_owned(), Arc::clone(&topic));
        *self.per_org.entry(channel.org_id()).or_default() += 1;
        self.metrics.channels.inc();
        self.may_relieve = true;
        Ok((topic, true))
    }

    /// Has the org stay within its limit with one more: the channel nobody has subscribed to for longest goes.
    fn make_room(&mut self, org_id: i64) -> Result<(), LiveError> {
        let (limit, there) = (self.limits.streams_per_org, self.per_org.get(&org_id).copied().unwrap_or_default());
        if there < limit {
            return Ok(());
        }
        let idle = self.all().filter(|topic| topic.channel().org_id() == org_id);
        let idle = idle.filter_map(|topic| Some((topic.idle_since()?, topic)));
        let Some((_, longest)) = idle.min_by_key(|(since, _)| *since) else {
            return Err(LiveError::LimitExceeded {
                name: "streams_per_org",
                limit: limit as u64,
                actual: there as u64 + 1,
                cure: "unsubscribe from what nobody looks at, or raise the limit",
            });
        };
        let longest = Arc::clone(longest);
        self.remove(&longest);
        // Nobody is there to hear it but its run.
        longest.end(SubscriptionEnd::Finished);
        Ok(())
    }

    /// Where all channels together would hold too much with so many bytes more: those go that keep something for nobody,
    /// the longest idle first.
    pub(super) fn relieve(&mut self, bytes: usize) {
        while self.may_relieve && self.budget.is_exceeded_with(bytes) {
            // A plugin's channel that nobody subscribes to goes by itself, and soon.
            let idle = self.all().filter(|topic| topic.channel().scope() == Scope::Stream);
            let idle = idle.filter_map(|topic| Some((topic.idle_since()?, topic)));
            let Some((_, longest)) = idle.min_by_key(|(since, _)| *since) else {
                self.may_relieve = false;
                return;
            };
            let longest = Arc::clone(longest);
            self.remove(&longest);
            longest.end(SubscriptionEnd::Finished);
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.by_channel.values().flat_map(HashMap::values)
    }

    /// Those of one channel, whatever data their subscribers sent along.
    pub(super) fn of_channel(&self, channel: &Channel) -> Vec<Arc<Topic>> {
        self.by_channel.get(channel).into_iter().flat_map(HashMap::values).cloned().collect()
    }

    /// Those that the plugin of a data source feeds.
    pub(super) fn of_data_source(&self, org_id: i64, uid: &str) -> Vec<Arc<Topic>> {
        let feeds = |channel: &Channel| {
            channel.scope() == Scope::DataSource && channel.org_id() == org_id && channel.namespace() == uid
        };
        self.all().filter(|topic| feeds(topic.channel())).cloned().collect()
    }

    /// Takes a topic out, so that who comes next makes another. Nothing happens to one that is out already.
    pub(super) fn remove(&mut self, topic: &Arc<Topic>) {
        let channel = topic.channel().as_ref();
        if !self.has(topic) {
            return;
        }
        let Some(topics) = self.by_channel.get_mut(channel) else { return };
        topics.remove(topic.data());
        if topics.is_empty() {
            self.by_channel.remove(channel);
        }
        if let Some(there) = self.per_org.get_mut(&channel.org_id()) {
            *there = there.saturating_sub(1);
            if *there == 0 {
                self.per_org.remove(&channel.org_id());
            }
        }
        self.metrics.channels.dec();
    }

    /// Takes no more, and gives all there are.
    pub(super) fn close(&mut self) -> Vec<Arc<Topic>> {
        self.closed = true;
        let all: Vec<_> = self.all().cloned().collect();
        for topic in &all {
            self.remove(topic);
        }
        all
    }
}
