//! The response's body as the caller reads it: paced by the time-outs, decompressed where we asked for that, counted
//! against the limit after decompression.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{
    EgressError, Origin, TimeoutKind, connect::translate, decompress::Gunzip, recording::Fault, recording::NotedBody,
};

/// The body of a response. It ends with an error when a time-out or the size limit is hit, or when the connection breaks;
/// dropping it early gives the connection up.
///
/// ```no_run
/// # async fn example(response: http::Response<wellhead_egress::ResponseBody>) -> Result<(), wellhead_egress::EgressError> {
/// use http_body_util::BodyExt;
///
/// let bytes = response.into_body().collect().await?.to_bytes();
/// # Ok(()) }
/// ```
pub struct ResponseBody {
    source: Source,
    origin: Origin,
    limit: u64,
    read: u64,
    noted: Option<NotedBody>,
}

enum Source {
    Plain(Paced),
    Gzip(Box<Gunzip>),
    Replayed(Replayed),
    Over,
}

impl ResponseBody {
    pub(crate) fn new(body: Paced, gzip: bool, limit: u64) -> Self {
        let origin = body.origin.clone();
        let source = if gzip { Source::Gzip(Box::new(Gunzip::new(body))) } else { Source::Plain(body) };
        Self { source, origin, limit, read: 0, noted: None }
    }

    /// What a recording holds of a body, and what ended it there.
    pub(crate) fn replayed(origin: Origin, limit: u64, bytes: Bytes, broken: Option<Fault>) -> Self {
        let source = Source::Replayed(Replayed { bytes, broken });
        Self { source, origin, limit, read: 0, noted: None }
    }

    /// The same body, and what comes of it is noted.
    pub(crate) fn noted(mut self, noted: NotedBody) -> Self {
        if self.is_end_stream() {
            noted.over(None);
        }
        self.noted = Some(noted);
        self
    }

    fn count(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, EgressError> {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        self.read = self.read.saturating_add(length);
        if self.read > self.limit { Err(too_long(&self.origin, self.limit, self.read)) } else { Ok(frame) }
    }
}

/// The error for a body beyond the limit.
pub(crate) fn too_long(origin: &Origin, limit: u64, actual: u64) -> EgressError {
    EgressError::LimitExceeded { origin: origin.clone(), name: "max_response_bytes", limit, actual }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let Self { source, origin, .. } = &mut *self;
        let frame = match source {
            Source::Plain(body) => ready!(body.poll_frame(cx)),
            Source::Gzip(body) => ready!(body.poll_frame(cx)),
            Source::Replayed(body) => ready!(body.poll_frame(origin)),
            Source::Over => None,
        };
        let frame = frame.map(|frame| frame.and_then(|frame| self.count(frame)));
        if let Some(noted) = &self.noted {
            noted.frame(frame.as_ref(), self.is_end_stream());
        }
        if !matches!(frame, Some(Ok(_))) {
            // Gives the connection back, or up, without waiting for the caller to drop us.
            self.source = Source::Over;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Plain(body) => body.incoming.is_end_stream(),
            Source::Gzip(_) => false,
            Source::Replayed(body) => body.bytes.is_empty() && body.broken.is_none(),
            Source::Over => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Plain(body) => body.incoming.size_hint(),
            Source::Gzip(_) | Source::Replayed(Replayed { broken: Some(_), .. }) => SizeHint::default(),
            Source::Replayed(body) => SizeHint::with_exact(body.bytes.len() as u64),
            Source::Over => SizeHint::with_exact(0),
        }
    }
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseBody").field("origin", &self.origin).field("read", &self.read).finish_non_exhaustive()
    }
}

/// A body of a recording.
struct Replayed {
    bytes: Bytes,
    broken: Option<Fault>,
}

impl Replayed {
    fn poll_frame(&mut self, origin: &Origin) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        if !self.bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.bytes)))));
        }
        match &self.broken {
            None => Poll::Ready(None),
            // Nothing ever wakes whoever waits for what never came.
            Some(fault) => fault.error(origin).map_or(Poll::Pending, |error| Poll::Ready(Some(Err(error)))),
        }
    }
}

/// The bytes as they come from the connection, under the two clocks of a body.
pub(crate) struct Paced {
    incoming: Incoming,
    pub(crate) origin: Origin,
    gap: Duration,
    // Runs only while we wait for the server: a caller that reads slowly is not the server's fault.
    gap_timer: Option<Pin<Box<Sleep>>>,
    total: Option<(Pin<Box<Sleep>>, Duration)>,
}

impl Paced {
    /// `total` is the end of the whole exchange, and how long that is.
    pub(crate) fn new(incoming: Incoming, origin: Origin, gap: Duration, total: Option<(Instant, Duration)>) -> Self {
        let total = total.map(|(end, length)| (Box::pin(sleep_until(end)), length));
        Self { incoming, origin, gap, gap_timer: None, total }
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let timeout = |which, after| EgressError::Timeout { origin: self.origin.clone(), which, after };
        if let Some((end, length)) = &mut self.total
            && end.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Some(Err(timeout(TimeoutKind::Total, *length))));
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            self.gap_timer = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(|error| translate(&self.origin, &error))));
        }
        let gap = self.gap;
        let timer = self.gap_timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(gap)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(timeout(TimeoutKind::BetweenBytes, gap))))
    }
}
