//! What a subscriber holds: its place in a channel.

use super::hub::Inner;
use super::seats::SeatId;
use super::topic::Topic;
use super::{Channel, SubscriptionEnd, Update};
use futures::Stream;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::task::coop;
use wellhead_frame::Frame;

/// A place in a channel. Dropping it leaves the channel.
pub struct Subscription {
    hub: Arc<Inner>,
    topic: Arc<Topic>,
    seat: SeatId,
    /// Under which its permission is asked again.
    watch: u64,
    initial: Option<Frame>,
}

impl Subscription {
    pub(super) fn new(hub: Arc<Inner>, topic: Arc<Topic>, seat: SeatId, watch: u64, initial: Option<Frame>) -> Self {
        Self { hub, topic, seat, watch, initial }
    }

    /// The channel.
    pub fn channel(&self) -> &Channel {
        self.topic.channel()
    }

    /// What the plugin has to show before anything else; comes in the place of the frames that the channel keeps.
    pub fn take_initial(&mut self) -> Option<Frame> {
        self.initial.take()
    }

    /// The next update. Giving up waiting loses nothing.
    ///
    /// # Errors
    /// Why there are no more.
    pub async fn next(&mut self) -> Result<Update, SubscriptionEnd> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The next update, or a wake-up of the task when there is one.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Update, SubscriptionEnd>> {
        // A task whose channel is always ready lets others have a turn.
        let budget = ready!(coop::poll_proceed(cx));
        let next = ready!(self.topic.poll(self.seat, cx));
        budget.made_progress();
        Poll::Ready(next)
    }

    /// The next update if it is there already.
    pub fn try_next(&mut self) -> Option<Result<Update, SubscriptionEnd>> {
        self.topic.try_next(self.seat)
    }

    /// The frames alone, the plugin's initial one first. Ends with the subscription.
    pub fn into_frames(self) -> FrameStream {
        FrameStream { subscription: self }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.rechecks.remove(self.watch);
        self.topic.leave(self.seat);
        self.hub.topics().left(&self.topic);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("channel", self.channel()).finish_non_exhaustive()
    }
}

/// The frames of a subscription; documents that are no frames are passed over.
#[derive(Debug)]
pub struct FrameStream {
    subscription: Subscription,
}

impl Stream for FrameStream {
    type Item = Frame;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Frame>> {
        if let Some(initial) = self.subscription.take_initial() {
            return Poll::Ready(Some(initial));
        }
        loop {
            match ready!(self.subscription.poll_next(cx)) {
                Err(_) => return Poll::Ready(None),
                Ok(update) => {
                    if let Some(frame) = update.frame() {
                        return Poll::Ready(Some(frame.into_owned()));
                    }
                }
            }
        }
    }
}
