//! Keeps a channel of a data source fed: gets the lease, runs the plugin, and runs it again when it moved or failed.

use super::backoff::Backoff;
use super::fault::Fault;
use super::hub::Inner;
use super::lease::ChannelLease;
use super::message::Content;
use super::topic::{Over, Topic};
use super::{LiveError, SubscriptionEnd};
use crate::Caller;
use futures::FutureExt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use wellhead_frame::Frame;
use wellhead_runtime::{PluginContext, RunEnd, StreamRequest, StreamRun};
use wellhead_store::DataSourceKey;

/// Feeds a topic until it ends or nobody has subscribed for long enough.
pub(super) async fn keep(hub: Arc<Inner>, topic: Arc<Topic>) {
    let kept = Kept { hub: &hub, topic: &topic };
    let mut feeding = pin!(Feed::new(&hub, &topic).run());
    let end = loop {
        tokio::select! {
            biased;
            end = &mut feeding => break end,
            over = topic.over(hub.limits.linger) => match over {
                Over::Ended => return,
                Over::Unheard if hub.let_go(&topic) => return,
                // Somebody came just now.
                Over::Unheard => {}
            },
        }
    };
    hub.end(&topic, end);
    drop(kept);
}

/// Ends the topic however its task ends: a panic in somebody's leases leaves nobody waiting.
struct Kept<'a> {
    hub: &'a Inner,
    topic: &'a Arc<Topic>,
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        let reason = "the host failed to run the channel; its log has more".to_owned();
        self.hub.end(self.topic, SubscriptionEnd::Unsupported { code: 500, reason });
    }
}

struct Feed<'a> {
    hub: &'a Inner,
    topic: &'a Arc<Topic>,
    lease: Option<Box<dyn ChannelLease>>,
    backoff: Backoff,
}

/// Why a run gives no more frames.
enum Ended {
    Finished,
    /// A new one is to begin at once.
    Moved,
    Failed(Fault),
}

impl<'a> Feed<'a> {
    fn new(hub: &'a Inner, topic: &'a Arc<Topic>) -> Self {
        Self { hub, topic, lease: None, backoff: Backoff::new(&hub.limits) }
    }

    /// Runs again and again, until that makes no sense.
    async fn run(mut self) -> SubscriptionEnd {
        let mut moved_young = false;
        loop {
            let (ended, lived) = self.once().await;
            let fault = match ended {
                Ended::Finished => return SubscriptionEnd::Finished,
                // One that moves as soon as it runs, twice over, is no different from one that fails.
                Ended::Moved if !(moved_young && lived < self.hub.limits.restart_after) => {
                    moved_young = lived < self.hub.limits.restart_after;
                    continue;
                }
                Ended::Moved => Fault::Moved,
                Ended::Failed(fault) => fault,
            };
            moved_young = false;
            self.hub.metrics.runs_failed.inc();
            if let Some(end) = self.hopeless(&fault) {
                return end;
            }
            self.topic.open();
            self.wait(&fault, lived).await;
        }
    }

    /// The end that a failure means for all subscribers, where it is no use to try again.
    fn hopeless(&self, fault: &Fault) -> Option<SubscriptionEnd> {
        if let Some(end) = fault.ends() {
            return Some(end);
        }
        let error = fault.to_error(self.topic.channel());
        if self.topic.is_awaited() && fault.is_first_subscribers() {
            self.hub.refuse(self.topic, error.clone());
            return Some(self.unsupported(&error));
        }
        (fault.is_of_the_channel() && !self.topic.has_given_frames()).then(|| self.unsupported(&error))
    }

    fn unsupported(&self, error: &LiveError) -> SubscriptionEnd {
        let reason = self.hub.contexts.redactor.redact(&error.to_string()).into_owned();
        SubscriptionEnd::Unsupported { code: error.public().status, reason }
    }

    /// Tells the subscribers, and waits until it is time to try again or the settings were changed.
    async fn wait(&mut self, fault: &Fault, lived: Duration) {
        let delay = self.backoff.after(lived);
        let trouble = self.hub.contexts.redactor.redact(&fault.to_string()).into_owned();
        let next = format!(". It is tried again in {delay:?}, and then ever less often");
        if !matches!(fault, Fault::Moved) && self.topic.tell(&trouble, &next) {
            let channel = self.topic.channel();
            tracing::warn!(target: "wellhead::live", %channel, "the stream failed: {trouble}{next}");
        }
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = self.topic.settings_touched() => self.backoff.reset(),
        }
    }

    /// One run, from the lease to its end; and how long it lived, which is not at all where it did not begin.
    async fn once(&mut self) -> (Ended, Duration) {
        match self.begin().await {
            Err(fault) => (Ended::Failed(fault), Duration::ZERO),
            Ok((run, version)) => {
                let began = Instant::now();
                self.hub.metrics.runs_started.inc();
                self.topic.open();
                let ended = self.forward(run, version).await;
                (ended, began.elapsed())
            }
        }
    }

    async fn begin(&mut self) -> Result<(StreamRun, (i64, u32)), Fault> {
        // It may have been lost while nothing ran.
        if self.lease.as_ref().is_some_and(|lease| lease.lost().now_or_never().is_some()) {
            self.lease = None;
        }
        if self.lease.is_none() {
            self.lease = Some(self.hub.leases.acquire(self.topic.channel()).await.map_err(Fault::Lease)?);
        }
        let context = self.context().await?;
        let version = version_of(&context);
        let request =
            StreamRequest { path: self.topic.channel().path().to_owned(), data: self.topic.data().to_owned() };
        Ok((self.hub.plugins.run_stream(context, request).await?, version))
    }

    /// On behalf of nobody in particular.
    async fn context(&self) -> Result<PluginContext, Fault> {
        let channel = self.topic.channel();
        let caller = Caller { org_id: channel.org_id(), role: None, ..Caller::default() };
        let found = self.hub.contexts.context(&caller, &DataSourceKey::uid(channel.namespace())).await;
        Ok(found.map_err(Fault::Context)?.1)
    }

    /// Hands frames on until the run ends, or must.
    async fn forward(&mut self, mut run: StreamRun, version: (i64, u32)) -> Ended {
        let Some(lease) = &self.lease else { return Ended::Failed(Fault::LeaseLost) };
        let mut lost = lease.lost();
        // What was wrong before is over, though a channel may have nothing to say for long.
        let mut recovers = pin!(tokio::time::sleep(self.hub.limits.restart_after_at_most));
        let mut is_well = false;
        loop {
            tokio::select! {
                biased;
                () = &mut lost => break,
                () = self.topic.settings_touched() => match self.context().await {
                    Ok(context) if version_of(&context) == version => {}
                    Ok(_) => {
                        self.backoff.reset();
                        return Ended::Moved;
                    }
                    Err(fault) if fault.ends().is_some() => return Ended::Failed(fault),
                    // The store cannot be read just now: what runs may go on.
                    Err(_) => {}
                },
                frame = run.next() => match frame {
                    Ok(frame) => self.publish(frame).await,
                    Err(RunEnd::Finished) => return Ended::Finished,
                    Err(RunEnd::Moved) => return Ended::Moved,
                    Err(RunEnd::Failed(error)) => return Ended::Failed(error.into()),
                },
                () = &mut recovers, if !is_well => {
                    is_well = true;
                    self.topic.is_well();
                }
            }
        }
        drop(lost);
        self.lease = None;
        Ended::Failed(Fault::LeaseLost)
    }

    async fn publish(&self, frame: Frame) {
        let content = Content::frame(frame);
        match self.hub.within_frame_bytes(&content) {
            Ok(()) => {
                self.hub.relieve(&content);
                self.topic.publish_prepared(content).await;
            }
            Err(error) => {
                self.hub.metrics.dropped.inc();
                self.topic.tell(&format!("a frame was dropped: {error}"), "");
            }
        }
    }
}

/// By what settings differ: the data source, and its version.
fn version_of(context: &PluginContext) -> (i64, u32) {
    (context.data_source.id, context.data_source.version)
}
