//! Bodies that end when their reader on HTTP/2 stalls, so that no slow client holds a plugin's call, or an answer's
//! memory, for ever.
//!
//! On HTTP/1.1 a reader that stalls blocks the socket, whose write time-out sees it. On HTTP/2 one stream stalls where the
//! others, and the socket, go on: its body is paced. Who reads the body asks its source, so that no chunk changes threads
//! on its way to the socket; what looks at a clock beside it sleeps.

use super::chunks::broken_off;
use axum::body::{Body, HttpBody};
use axum::http::{Request, Version};
use axum::response::Response;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, Either};
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tower_service::Service;

/// The most that a reader is handed at once, in bytes. Whoever reads less than that in its time is stalled, and what it was
/// handed last stays in memory until its stream ends: so much as a frame of HTTP/2 has at most, unless its reader asks for
/// larger ones (RFC 9113, 6.5.2).
const PORTION: usize = 16 << 10;

/// A service whose answers on HTTP/2 are paced.
#[derive(Clone, Debug)]
pub(crate) struct PacesHttp2<S> {
    pub(crate) patience: Duration,
    pub(crate) service: S,
}

impl<S, B> Service<Request<B>> for PacesHttp2<S>
where
    S: Service<Request<B>, Response = Response>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let version = request.version();
        let answer = self.service.call(request);
        if version != Version::HTTP_2 {
            return Either::Left(answer);
        }
        let patience = self.patience;
        Either::Right(answer.map(move |answer| Ok(answer?.map(|body| paced(body, patience)))).boxed())
    }
}

/// This body in portions. A reader that asks for none for `patience`, while it is its turn, loses the rest, and the body is
/// dropped.
fn paced(body: Body, patience: Duration) -> Body {
    let whole = body.size_hint().upper();
    if whole.is_some_and(|whole| whole <= PORTION as u64) {
        // It is handed over at once, whoever reads it.
        return body;
    }
    let source = Source::Open(body);
    let pace = Arc::new(Mutex::new(Pace { source, chunk: Bytes::new(), idle_since: Some(Instant::now()) }));
    let watch = AbortOnDropHandle::new(tokio::spawn(watch(Arc::downgrade(&pace), patience)));
    Body::new(Paced { pace, _watch: watch })
}

struct Paced {
    pace: Arc<Mutex<Pace>>,
    _watch: AbortOnDropHandle<()>,
}

struct Pace {
    source: Source,
    /// What is left of the last chunk.
    chunk: Bytes,
    /// Since when it is the reader's turn; `None` while it waits for the source.
    idle_since: Option<Instant>,
}

enum Source {
    Open(Body),
    /// The reader does not know yet.
    BrokenOff(axum::Error),
    Ended,
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut pace = lock(&self.pace);
        let next = pace.poll_frame(cx);
        pace.idle_since = next.is_ready().then(Instant::now);
        next
    }

    fn is_end_stream(&self) -> bool {
        let pace = lock(&self.pace);
        pace.chunk.is_empty()
            && match &pace.source {
                Source::Open(body) => body.is_end_stream(),
                Source::BrokenOff(_) => false,
                Source::Ended => true,
            }
    }

    fn size_hint(&self) -> SizeHint {
        let pace = lock(&self.pace);
        let begun = pace.chunk.len() as u64;
        let Source::Open(body) = &pace.source else { return SizeHint::default() };
        let rest = body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(begun));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(begun));
        }
        hint
    }
}

impl Pace {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.chunk.is_empty() {
            let Source::Open(body) = &mut self.source else {
                return Poll::Ready(match std::mem::replace(&mut self.source, Source::Ended) {
                    Source::BrokenOff(error) => Some(Err(error)),
                    Source::Open(_) | Source::Ended => None,
                });
            };
            let frame = ready!(Pin::new(body).poll_frame(cx));
            if frame.as_ref().is_none_or(Result::is_err) {
                self.source = Source::Ended;
            }
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(chunk))) => self.chunk = chunk,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let portion = self.chunk.split_to(self.chunk.len().min(PORTION));
        Poll::Ready(Some(Ok(Frame::data(portion))))
    }
}

/// Breaks the body off once its reader has not asked for `patience`.
async fn watch(pace: Weak<Mutex<Pace>>, patience: Duration) {
    loop {
        let now = Instant::now();
        let look_again = {
            let Some(pace) = pace.upgrade() else { return };
            let mut pace = lock(&pace);
            let look_again = pace.idle_since.unwrap_or(now) + patience;
            if look_again <= now {
                if matches!(pace.source, Source::Open(_)) {
                    let error = broken_off(&format_args!("the client took no byte for {patience:?}"));
                    pace.source = Source::BrokenOff(axum::Error::new(error));
                    pace.chunk = Bytes::new();
                }
                return;
            }
            look_again
        };
        tokio::time::sleep_until(look_again).await;
    }
}

/// What a source that panicked has left is no worse than that it ended.
fn lock(pace: &Mutex<Pace>) -> MutexGuard<'_, Pace> {
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::chunks::body_of;
    use super::*;
    use futures::{Stream, StreamExt, stream};
    use http_body_util::BodyExt;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn chunk(text: &'static str) -> Result<Bytes, String> {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    fn paced_chunks(chunks: impl Stream<Item = Result<Bytes, String>> + Send + 'static) -> Body {
        paced(body_of(chunks), PATIENCE)
    }

    #[tokio::test]
    async fn all_chunks_arrive_in_order_and_what_breaks_off_does() {
        let body = paced_chunks(stream::iter([chunk("a"), chunk("b"), chunk("c"), chunk("d")]));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abcd");
        let body = paced_chunks(stream::iter([chunk("a"), Err("gone".to_owned())]));
        assert!(body.collect().await.is_err());
    }

    #[tokio::test]
    async fn a_large_body_comes_in_portions_and_says_its_size_first() {
        let large = Bytes::from(vec![7; 2 * PORTION + 1]);
        let mut body = paced(Body::from(large.clone()), PATIENCE);
        for (expected, left) in [(PORTION, PORTION + 1), (PORTION, 1), (1, 0)] {
            assert_eq!(body.size_hint().exact(), Some((left + expected) as u64));
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap().len(), expected);
            assert_eq!(body.is_end_stream(), left == 0);
        }
        assert!(body.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_stalls_loses_the_rest_and_frees_the_source() {
        let held = Arc::new(());
        let alive = Arc::downgrade(&held);
        let endless = stream::repeat_with(move || {
            let _ = &held;
            chunk("x")
        });
        let body = paced_chunks(endless);
        while alive.upgrade().is_some() {
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(body.collect().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_may_take_its_time() {
        let slow = stream::iter([chunk("a"), chunk("b")]).then(|chunk| async {
            tokio::time::sleep(Duration::from_secs(100)).await;
            chunk
        });
        assert_eq!(paced_chunks(slow).collect().await.unwrap().to_bytes(), "ab");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_may_take_its_time_but_not_as_long_as_that() {
        let mut body = paced_chunks(stream::repeat_with(|| chunk("x"))).into_data_stream();
        for _ in 0..3 {
            assert_eq!(body.next().await.unwrap().unwrap(), "x");
            tokio::time::sleep(Duration::from_secs(29)).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(body.next().await.unwrap().is_err());
        assert!(body.next().await.is_none());
    }

    #[tokio::test]
    async fn a_reader_that_goes_frees_a_source_that_never_speaks() {
        let held = Arc::new(());
        let alive = Arc::downgrade(&held);
        let silent = stream::poll_fn(move |_| {
            let _ = &held;
            Poll::<Option<Result<Bytes, String>>>::Pending
        });
        drop(paced_chunks(silent));
        while alive.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
    }
}
