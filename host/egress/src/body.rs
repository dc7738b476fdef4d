//! Request bodies: what a caller hands in, and what goes on the wire. A body that is a stream can be sent once; what of
//! it is small is remembered while it is sent, so that a 307 can be followed all the same.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};

use crate::EgressError;

/// Whatever a caller's body fails with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// So much of a streamed body is remembered for a redirect that asks for it again.
const REMEMBERED: usize = 64 * 1024;

/// A request's body.
///
/// ```
/// use wellhead_egress::RequestBody;
///
/// let query = RequestBody::full("query=up");
/// let none = RequestBody::empty();
/// let streamed = RequestBody::new(http_body_util::Full::new(bytes::Bytes::from("a guest's body")));
/// ```
pub struct RequestBody(Kind);

enum Kind {
    Full(Bytes),
    Stream(UnsyncBoxBody<Bytes, BoxError>),
}

impl RequestBody {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kind::Full(Bytes::new()))
    }

    /// A body that is here whole.
    #[must_use]
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Full(bytes.into()))
    }

    /// All of it, for a recording: of at most `most` bytes.
    ///
    /// # Errors
    /// [`EgressError::RequestBody`] where it fails, or is longer.
    pub(crate) async fn whole(self, most: usize) -> Result<Bytes, EgressError> {
        let mut stream = match self.0 {
            Kind::Full(bytes) => return Ok(bytes),
            Kind::Stream(stream) => stream,
        };
        let mut whole = BytesMut::new();
        while let Some(frame) = stream.frame().await {
            whole.extend_from_slice(&frame.map_err(|error| failed(&error))?.into_data().unwrap_or_default());
            if whole.len() > most {
                let reason = format!("it is too long for a recording, which takes {most} bytes; ask for it live");
                return Err(EgressError::RequestBody { reason });
            }
        }
        Ok(whole.freeze())
    }

    /// A body that comes in pieces; it need not be `Sync`.
    pub fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        if body.size_hint().exact() == Some(0) && body.is_end_stream() {
            return Self::empty();
        }
        Self(Kind::Stream(body.map_err(Into::into).boxed_unsync()))
    }
}

impl std::fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Kind::Full(bytes) => write!(f, "RequestBody({} bytes)", bytes.len()),
            Kind::Stream(_) => f.write_str("RequestBody(stream)"),
        }
    }
}

/// A request's body over all attempts and redirects of one exchange.
pub(crate) enum Payload {
    Full(Bytes),
    Fresh(UnsyncBoxBody<Bytes, BoxError>, Option<u64>),
    Sent(Arc<Mutex<Memory>>),
}

/// What was seen of a streamed body.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    seen: BytesMut,
    complete: bool,
    lost: bool,
}

impl Payload {
    /// Takes a body whose header declares `declared` bytes.
    ///
    /// With `settle`, the beginning of a stream is waited for: hyper sends a GET whose body has no known length without
    /// that body, and a GET whose body is an empty stream must not go out as if it had one.
    ///
    /// # Errors
    /// [`EgressError::InvalidRequest`] where a body is not as long as declared, [`EgressError::RequestBody`] where it fails.
    pub(crate) async fn new(body: RequestBody, declared: Option<u64>, settle: bool) -> Result<Self, EgressError> {
        let whole = |bytes: Bytes| match declared {
            Some(length) if length != bytes.len() as u64 => Err(wrong_length(declared, bytes.len() as u64)),
            _ => Ok(Self::Full(bytes)),
        };
        let mut stream = match body.0 {
            Kind::Full(bytes) => return whole(bytes),
            Kind::Stream(stream) => stream,
        };
        if !settle {
            return Ok(Self::Fresh(stream, declared));
        }
        let mut beginning = BytesMut::new();
        while let Some(frame) = stream.frame().await {
            // Trailers belong to chunked bodies; a request that settles is not one.
            let data = frame.map_err(|error| failed(&error))?.into_data().unwrap_or_default();
            beginning.extend_from_slice(&data);
            if beginning.len() > REMEMBERED {
                let beginning = Some(beginning.freeze());
                return Ok(Self::Fresh(Resumed { beginning, rest: stream }.boxed_unsync(), declared));
            }
        }
        whole(beginning.freeze())
    }

    /// Whether nothing says how long the body is.
    pub(crate) fn is_of_unknown_length(&self) -> bool {
        matches!(self, Self::Fresh(stream, None) if stream.size_hint().exact().is_none())
    }

    pub(crate) fn empty() -> Self {
        Self::Full(Bytes::new())
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Full(bytes) if bytes.is_empty())
    }

    /// The body for the next attempt; `None` where it was sent and not remembered.
    pub(crate) fn next(&mut self) -> Option<WireBody> {
        match std::mem::replace(self, Self::empty()) {
            Self::Full(bytes) => {
                *self = Self::Full(bytes.clone());
                Some(WireBody::Full(Some(bytes).filter(|bytes| !bytes.is_empty())))
            }
            Self::Fresh(stream, left) => {
                let memory = Arc::new(Mutex::new(Memory::default()));
                *self = Self::Sent(memory.clone());
                Some(WireBody::Stream { stream, declared: left, sent: 0, memory })
            }
            Self::Sent(memory) => match whole(&memory) {
                Some(bytes) => {
                    *self = Self::Full(bytes);
                    self.next()
                }
                None => {
                    *self = Self::Sent(memory);
                    None
                }
            },
        }
    }
}

/// What hyper sends.
pub(crate) enum WireBody {
    Full(Option<Bytes>),
    Stream { stream: UnsyncBoxBody<Bytes, BoxError>, declared: Option<u64>, sent: u64, memory: Arc<Mutex<Memory>> },
}

impl Body for WireBody {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let (stream, declared, sent, memory) = match &mut *self {
            Self::Full(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream { stream, declared, sent, memory } => (stream, *declared, sent, memory),
        };
        let frame = ready!(Pin::new(&mut *stream).poll_frame(cx));
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        Poll::Ready(match frame {
            None => {
                memory.complete = true;
                // Too short: hyper would keep the connection waiting for the rest.
                declared.is_some_and(|declared| declared != *sent).then(|| Err(wrong_length(declared, *sent)))
            }
            Some(Err(error)) => Some(Err(failed(&error))),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    *sent += data.len() as u64;
                    if declared.is_some_and(|declared| declared < *sent) {
                        return Poll::Ready(Some(Err(wrong_length(declared, *sent))));
                    }
                    if !memory.lost && memory.seen.len() + data.len() <= REMEMBERED {
                        memory.seen.extend_from_slice(data);
                    } else {
                        *memory = Memory { lost: true, ..Memory::default() };
                    }
                    // Hyper stops asking once it has all it was promised.
                    memory.complete = declared == Some(*sent) || stream.is_end_stream();
                } else {
                    memory.lost = true;
                }
                Some(Ok(frame))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_none(),
            // Never before its end was polled: that is where its length is checked.
            Self::Stream { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream { declared: Some(declared), sent, .. } => SizeHint::with_exact(declared.saturating_sub(*sent)),
            Self::Stream { stream, .. } => stream.size_hint(),
        }
    }
}

/// A stream whose beginning was looked at.
struct Resumed {
    beginning: Option<Bytes>,
    rest: UnsyncBoxBody<Bytes, BoxError>,
}

impl Body for Resumed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.beginning.take() {
            Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }
}

fn whole(memory: &Mutex<Memory>) -> Option<Bytes> {
    let memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    (memory.complete && !memory.lost).then(|| Bytes::copy_from_slice(&memory.seen))
}

fn wrong_length(declared: Option<u64>, actual: u64) -> EgressError {
    let declared = declared.unwrap_or_default();
    let reason =
        format!("the header `content-length` says {declared} bytes, the body has {actual}; leave the header out");
    EgressError::InvalidRequest { reason }
}

fn failed(error: &BoxError) -> EgressError {
    EgressError::RequestBody { reason: error.to_string() }
}
