//! The hub: the ways in, and what all channels share.

use super::charge::Budget;
use super::gates::Gates;
use super::message::Content;
use super::metrics::LiveMetrics;
use super::recheck::{Rechecks, Watched};
use super::topic::Topic;
use super::topics::{Place, Topics};
use super::{
    Authority, Channel, ChannelLeases, ChannelStatus, LiveError, LiveLimits, Scope, Subscription, SubscriptionEnd,
    access, document, follow, recheck, run,
};
use crate::context::ContextProvider;
use crate::{Caller, QueryService};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wellhead_frame::Frame;
use wellhead_runtime::{PluginClient, StreamRequest};
use wellhead_store::DataSourceKey;

/// How long a subscriber waits for the first run to begin. The npm package `centrifuge` gives up after 5 s.
const ADMISSION: Duration = Duration::from_secs(3);

/// The live channels of a host. Cheap to clone.
#[derive(Clone)]
pub struct LiveHub {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) contexts: Arc<ContextProvider>,
    pub(super) plugins: PluginClient,
    pub(super) limits: LiveLimits,
    pub(super) leases: Arc<dyn ChannelLeases>,
    pub(super) metrics: Arc<LiveMetrics>,
    pub(super) rechecks: Rechecks,
    pub(super) gates: Gates,
    budget: Budget,
    topics: Mutex<Topics>,
}

impl LiveHub {
    /// A hub over the data sources and plugins of `service`.
    pub fn new(service: &QueryService, limits: LiveLimits, leases: Arc<dyn ChannelLeases>) -> Self {
        let (contexts, plugins) = service.parts();
        let metrics = Arc::<LiveMetrics>::default();
        let budget = Budget::new(metrics.bytes.clone(), limits.live_bytes);
        let topics = Mutex::new(Topics::new(limits, Arc::clone(&metrics), budget.clone()));
        let (rechecks, gates) = (Rechecks::default(), Gates::default());
        Self { inner: Arc::new(Inner { contexts, plugins, limits, leases, metrics, rechecks, gates, budget, topics }) }
    }

    /// Subscribes to a channel. `data` is a JSON document for the plugin, or empty; the channel's runs are one for each
    /// data that somebody sent along. Must be called within a tokio runtime, on which the run is kept.
    ///
    /// Whoever comes first waits for the run to begin, and is told why it did not where trying again would not help: a
    /// limit, a plugin without streams, data it cannot use. Where only its upstream is away, the subscription begins and
    /// says so in a notice. The plugin is asked for each subscriber, and so is `authority`: now and once a minute.
    ///
    /// # Errors
    /// [`LiveError`].
    pub async fn subscribe(
        &self,
        authority: Arc<dyn Authority>,
        channel: &Channel,
        data: &str,
    ) -> Result<Subscription, LiveError> {
        let hub = &self.inner;
        hub.within("publish_bytes", hub.limits.publish_bytes, data.len(), "send less along")?;
        let data = match (channel.scope(), data.trim()) {
            (Scope::Stream, _) | (_, "") => String::new(),
            (Scope::DataSource, data) => one_line(channel, data)?,
        };
        let initial = access::ask(hub, &*authority, channel, &data).await?.map(Content::frame);
        let refused = initial.as_ref().and_then(|initial| hub.within_frame_bytes(initial).err());
        // What the channel keeps stands in for a frame that is too large.
        let replayed = initial.is_none() || refused.is_some();
        let initial = initial.and_then(|initial| initial.first_of(channel, refused.as_ref()));
        let Place { topic, seat, is_new } = hub.topics().join(channel, &data, replayed)?;
        // From here on, whoever gives up waiting leaves the channel.
        let (watch, is_first) = hub.rechecks.add(Watched { authority, topic: Arc::clone(&topic), seat });
        let subscription = Subscription::new(Arc::clone(hub), Arc::clone(&topic), seat, watch, initial);
        if is_first {
            tokio::spawn(recheck::walk(Arc::clone(hub)));
        }
        if is_new && channel.scope() == Scope::DataSource {
            tokio::spawn(run::keep(Arc::clone(hub), Arc::clone(&topic)));
        }
        // A run that takes long to begin is waited for no longer than clients wait for their answer; what comes of it they
        // hear as subscribers.
        tokio::time::timeout(ADMISSION, topic.admitted()).await.unwrap_or(Ok(()))?;
        Ok(subscription)
    }

    /// Publishes a JSON document on behalf of a client. Of a data source's channel its plugin says what becomes of it; to a
    /// channel of the scope `stream` an editor may publish anything. What reads as a data frame goes on as one.
    ///
    /// # Errors
    /// [`LiveError`].
    pub async fn publish(&self, caller: &Caller, channel: &Channel, data: &str) -> Result<(), LiveError> {
        let hub = &self.inner;
        hub.within("publish_bytes", hub.limits.publish_bytes, data.len(), "publish less at once")?;
        let data = one_line(channel, data)?;
        access::in_own_org(caller, channel)?;
        if channel.scope() == Scope::Stream {
            access::may_publish(caller, channel)?;
            return hub.publish(channel, document::content(data));
        }
        let (_, context) = hub.contexts.context(caller, &DataSourceKey::uid(channel.namespace())).await?;
        let request = StreamRequest { path: channel.path().to_owned(), data: data.clone() };
        let answer = hub.plugins.publish_stream(context, request).await?;
        access::granted(channel, answer.access)?;
        let content = match answer.data {
            Some(instead) => document::content(one_line(channel, &instead)?),
            None => document::content(data),
        };
        hub.within_frame_bytes(&content)?;
        hub.relieve(&content);
        let topics = hub.topics().of_channel(channel);
        topics.iter().for_each(|topic| topic.publish(content.clone()));
        Ok(())
    }

    /// Publishes a frame to a channel of the scope `stream`, on behalf of the program that embeds the host.
    ///
    /// # Errors
    /// [`LiveError`]: the frame is too large, the org has too many channels that somebody subscribes to, or the channel is
    /// a plugin's to feed.
    pub fn publish_frame(&self, channel: &Channel, frame: Frame) -> Result<(), LiveError> {
        if channel.scope() != Scope::Stream {
            let reason = "a plugin feeds it: publish to a channel of the scope stream".to_owned();
            return Err(LiveError::InvalidData { channel: channel.clone(), reason });
        }
        self.inner.publish(channel, Content::frame(frame))
    }

    /// The channels of an org, by name.
    pub fn channels(&self, org_id: i64) -> Vec<ChannelStatus> {
        let topics: Vec<_> = self.inner.topics().all().cloned().collect();
        let of_org = topics.iter().filter(|topic| topic.channel().org_id() == org_id);
        let mut channels: Vec<_> = of_org.map(|topic| topic.status()).collect();
        channels.sort_by(|a, b| (&a.channel, &a.data).cmp(&(&b.channel, &b.data)));
        channels
    }

    /// The limits in force.
    pub fn limits(&self) -> &LiveLimits {
        &self.inner.limits
    }

    /// Moves runs when the settings of their data source change, and ends them when it is deleted, for as long as the
    /// store lives: to be run beside the hub.
    pub async fn follow_changes(&self) {
        follow::follow(&self.inner).await;
    }

    /// Ends all subscriptions and takes no new ones.
    pub fn shutdown(&self) {
        let topics = self.inner.topics().close();
        topics.iter().for_each(|topic| topic.end(SubscriptionEnd::ShutDown));
    }

    /// Appends the hub's metrics, as Prometheus text without the end mark.
    pub fn encode_metrics(&self, out: &mut String) {
        self.inner.metrics.encode(out);
    }
}

impl fmt::Debug for LiveHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveHub").field("limits", &self.inner.limits).finish_non_exhaustive()
    }
}

impl Inner {
    pub(super) fn topics(&self) -> MutexGuard<'_, Topics> {
        // A panic while it was held leaves at worst a channel too many.
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To all who subscribe to a channel of the scope `stream`, and to those who will.
    fn publish(&self, channel: &Channel, content: Content) -> Result<(), LiveError> {
        self.within_frame_bytes(&content)?;
        let keeps = self.limits.retained_frames > 0 && matches!(content, Content::Frame { .. });
        loop {
            // Not after the channel was made: nobody subscribes to it yet.
            self.relieve(&content);
            let mut topics = self.topics();
            let topic = match topics.get(channel, "") {
                Some(topic) => topic,
                None if keeps => topics.open(channel, "")?.0,
                None => return Ok(()),
            };
            drop(topics);
            topic.publish(content.clone());
            // One whose last subscriber left just now went with it, and what it was to keep.
            if !keeps || self.topics().has(&topic) {
                return Ok(());
            }
        }
    }

    /// Makes room for what is to be published: what is kept for nobody goes before what somebody has yet to read.
    pub(super) fn relieve(&self, content: &Content) {
        if self.budget.is_exceeded_with(content.bytes()) {
            self.topics().relieve(content.bytes());
        }
    }

    /// Takes a topic out and ends it. Nothing happens to one that is out already.
    pub(super) fn end(&self, topic: &Arc<Topic>, end: SubscriptionEnd) {
        self.topics().remove(topic);
        topic.end(end);
    }

    /// Takes a topic out because its first run did not begin, and tells those who wait for it.
    pub(super) fn refuse(&self, topic: &Arc<Topic>, error: LiveError) {
        self.topics().remove(topic);
        topic.refuse(error);
    }

    /// Takes a topic out if nobody subscribes to it.
    pub(super) fn let_go(&self, topic: &Arc<Topic>) -> bool {
        let mut topics = self.topics();
        let unheard = topic.idle_since().is_some();
        if unheard {
            topics.remove(topic);
        }
        unheard
    }

    /// Whose plugins feed channels now.
    pub(super) fn data_sources(&self) -> BTreeSet<(i64, String)> {
        let topics = self.topics();
        let fed = topics.all().map(|topic| topic.channel()).filter(|channel| channel.scope() == Scope::DataSource);
        fed.map(|channel| (channel.org_id(), channel.namespace().to_owned())).collect()
    }

    pub(super) fn within_frame_bytes(&self, content: &Content) -> Result<(), LiveError> {
        self.within("frame_bytes", self.limits.frame_bytes, content.bytes(), "send fewer rows at once")
    }

    fn within(&self, name: &'static str, limit: usize, actual: usize, cure: &'static str) -> Result<(), LiveError> {
        if actual <= limit {
            return Ok(());
        }
        Err(LiveError::LimitExceeded { name, limit: limit as u64, actual: actual as u64, cure })
    }
}

fn one_line(channel: &Channel, document: &str) -> Result<String, LiveError> {
    document::on_one_line(document).map_err(|reason| LiveError::InvalidData { channel: channel.clone(), reason })
}
