//! Live channels: who may subscribe, the run that feeds a channel, what a client publishes.

use crate::PluginError;
use futures::Stream;
use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;
use wellhead_frame::Frame;

/// Frames of a run that may wait for their reader, beside those that wait in front of the guest.
const FRAMES_WAITING: usize = 4;

/// A channel of one data source, as its plugin knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamRequest {
    /// What comes after the data source's uid in the channel's name.
    pub path: String,
    /// What the client sent along: a JSON document, or empty.
    pub data: String,
}

/// What a plugin says of a channel and a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamAccess {
    /// Go on.
    #[default]
    Ok,
    /// There is no such channel.
    NotFound,
    /// There is, and not for this caller.
    PermissionDenied,
}

/// What comes of asking to subscribe.
#[derive(Clone, Debug, Default)]
pub struct SubscribeStreamResponse {
    /// Whether the caller may.
    pub access: StreamAccess,
    /// What to show before the channel's next frame.
    pub initial: Option<Frame>,
}

/// What comes of publishing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishStreamResponse {
    /// Whether the caller may.
    pub access: StreamAccess,
    /// What to hand to the channel's subscribers in the place of what was published: a JSON document.
    pub data: Option<String>,
}

/// Why a run gives no more frames.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RunEnd {
    /// The plugin has nothing more to say.
    #[error("the stream came to its end")]
    Finished,
    /// Its instance makes room for another, of newer code or newer settings: a new run finds that one.
    #[error("its instance is being replaced")]
    Moved,
    /// It failed.
    #[error(transparent)]
    Failed(#[from] PluginError),
}

/// One run of a channel: its frames as they come.
///
/// Frames of the same schema share it ([`Frame::schema`] is the same `Arc`). A reader that does not keep up holds the
/// plugin back. Dropping the run tells the plugin that nobody waits any more.
pub struct StreamRun {
    /// `None` once the end was told.
    frames: Option<mpsc::Receiver<Result<Frame, RunEnd>>>,
    /// What the run takes up for as long as it goes on.
    held: Option<Box<dyn Any + Send>>,
}

/// Where a run's frames go in.
#[derive(Clone, Debug)]
pub struct FrameSender(mpsc::Sender<Result<Frame, RunEnd>>);

/// Nobody reads the run any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody reads the stream any more")]
pub struct NoReader;

impl FrameSender {
    /// Hands a frame over; waits while the reader is behind.
    ///
    /// # Errors
    /// [`NoReader`]: end the run.
    pub async fn send(&self, frame: Frame) -> Result<(), NoReader> {
        self.0.send(Ok(frame)).await.map_err(|_| NoReader)
    }

    /// Ends the run with a reason; without one it ends, as finished, when the last sender is dropped.
    pub async fn end(self, end: RunEnd) {
        // A reader that is gone needs no reason.
        let _ = self.0.send(Err(end)).await;
    }

    /// Waits until nobody reads the run any more.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

impl StreamRun {
    /// A run and the way into it.
    pub fn channel() -> (FrameSender, Self) {
        let (sender, frames) = mpsc::channel(FRAMES_WAITING);
        (FrameSender(sender), Self { frames: Some(frames), held: None })
    }

    /// The same run, which lets go of this when its end is told or its reader gone.
    pub(crate) fn holding(self, held: impl Any + Send) -> Self {
        Self { held: Some(Box::new(held)), ..self }
    }

    /// The next frame. Giving up waiting loses nothing.
    ///
    /// # Errors
    /// Why there are no more; every call after that says [`RunEnd::Finished`].
    pub async fn next(&mut self) -> Result<Frame, RunEnd> {
        std::future::poll_fn(|cx| self.poll_frame(cx)).await
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, RunEnd>> {
        let Some(frames) = &mut self.frames else { return Poll::Ready(Err(RunEnd::Finished)) };
        let next = ready!(frames.poll_recv(cx)).unwrap_or(Err(RunEnd::Finished));
        if next.is_err() {
            (self.frames, self.held) = (None, None);
        }
        Poll::Ready(next)
    }
}

impl fmt::Debug for StreamRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamRun").field("frames", &self.frames).finish_non_exhaustive()
    }
}

/// The frames, and as the last item what went wrong, where something did.
impl Stream for StreamRun {
    type Item = Result<Frame, RunEnd>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(match ready!(self.poll_frame(cx)) {
            Err(RunEnd::Finished) => None,
            next => Some(next),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt;

    #[tokio::test]
    async fn a_run_ends_as_finished_when_its_senders_are_gone_and_says_so_for_ever() {
        let (sender, mut run) = StreamRun::channel();
        sender.send(Frame::empty("a")).await.unwrap();
        drop(sender);
        assert_eq!(run.next().await.unwrap().name(), "a");
        assert!(matches!(run.next().await, Err(RunEnd::Finished)));
        assert!(matches!(run.next().await, Err(RunEnd::Finished)));
    }

    #[tokio::test]
    async fn a_reason_is_the_last_item_and_a_sender_learns_that_its_reader_is_gone() {
        let (sender, mut run) = StreamRun::channel();
        sender.clone().end(RunEnd::Moved).await;
        assert!(matches!(run.by_ref().collect::<Vec<_>>().await.as_slice(), [Err(RunEnd::Moved)]));
        assert_eq!(sender.send(Frame::empty("late")).await, Err(NoReader));
    }
}
