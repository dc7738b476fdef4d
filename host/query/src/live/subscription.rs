//! What a subscriber holds: its place in a channel.

use super::{Channel, SubscriptionEnd, Update};
use futures::Stream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use wellhead_frame::Frame;

/// A place in a channel. Dropping it leaves the channel.
#[derive(Debug)]
pub struct Subscription {
    channel: Arc<Channel>,
    initial: Option<Frame>,
}

impl Subscription {
    pub(super) fn new(channel: Arc<Channel>, initial: Option<Frame>) -> Self {
        Self { channel, initial }
    }

    /// The channel.
    pub fn channel(&self) -> &Channel {
        &self.channel
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
    pub fn poll_next(&mut self, _cx: &mut Context<'_>) -> Poll<Result<Update, SubscriptionEnd>> {
        Poll::Pending
    }

    /// The next update if it is there already.
    pub fn try_next(&mut self) -> Option<Result<Update, SubscriptionEnd>> {
        None
    }

    /// The frames alone, the plugin's initial one first. Ends with the subscription.
    pub fn into_frames(self) -> FrameStream {
        FrameStream { subscription: self }
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
            match self.subscription.poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(None),
                Poll::Ready(Ok(update)) => {
                    if let Some(frame) = update.frame() {
                        return Poll::Ready(Some(frame.into_owned()));
                    }
                }
            }
        }
    }
}
