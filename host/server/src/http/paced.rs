//! Bodies that end when their reader stalls, so that no slow client holds a plugin's call, or memory, for ever.
//!
//! HTTP/2 readers can stall without the socket ever blocking: the write time-out of the socket does not see them. The
//! source is asked by whoever reads the body, so that no chunk changes threads on its way to the socket; what looks at a
//! clock beside it sleeps.

use axum::body::Body;
use bytes::Bytes;
use futures::Stream;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

/// The most that a reader is handed at once, in bytes: whoever reads less than that in its time is stalled.
const PORTION: usize = 512 << 10;

/// A body of these chunks. A reader that asks for nothing for `patience`, while it is its turn, loses the rest, and a
/// source that fails breaks the body off: the client sees an incomplete message, never a short one. The source is dropped
/// when the reader goes.
pub(crate) fn paced<S, E>(source: S, patience: Duration) -> Body
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: std::fmt::Display,
{
    let source = Source::Open(Box::pin(source));
    let pace = Arc::new(Mutex::new(Pace { source, chunk: Bytes::new(), idle_since: Some(Instant::now()) }));
    let watch = AbortOnDropHandle::new(tokio::spawn(watch(Arc::downgrade(&pace), patience)));
    Body::from_stream(Paced { pace, _watch: watch })
}

struct Paced<S> {
    pace: Arc<Mutex<Pace<S>>>,
    _watch: AbortOnDropHandle<()>,
}

struct Pace<S> {
    source: Source<S>,
    /// What is left of the last chunk.
    chunk: Bytes,
    /// Since when it is the reader's turn; `None` while it waits for the source.
    idle_since: Option<Instant>,
}

enum Source<S> {
    Open(Pin<Box<S>>),
    /// The reader does not know yet.
    BrokenOff,
    Ended,
}

impl<S, E> Stream for Paced<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: std::fmt::Display,
{
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut pace = lock(&self.pace);
        let next = pace.poll_next(cx);
        pace.idle_since = next.is_ready().then(Instant::now);
        next
    }
}

impl<S, E> Pace<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: std::fmt::Display,
{
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        match &mut self.source {
            Source::Open(source) => {
                if self.chunk.is_empty() {
                    match ready!(source.as_mut().poll_next(cx)) {
                        Some(Ok(chunk)) => self.chunk = chunk,
                        Some(Err(error)) => {
                            warn(&error);
                            self.source = Source::BrokenOff;
                            return self.poll_next(cx);
                        }
                        None => {
                            self.source = Source::Ended;
                            return Poll::Ready(None);
                        }
                    }
                }
                let portion = self.chunk.split_to(self.chunk.len().min(PORTION));
                Poll::Ready(Some(Ok(portion)))
            }
            Source::BrokenOff => {
                self.source = Source::Ended;
                let error = io::Error::new(io::ErrorKind::UnexpectedEof, "the response was broken off");
                Poll::Ready(Some(Err(error)))
            }
            Source::Ended => Poll::Ready(None),
        }
    }
}

/// Breaks the body off once its reader has not asked for `patience`.
async fn watch<S>(pace: Weak<Mutex<Pace<S>>>, patience: Duration) {
    loop {
        let now = Instant::now();
        let look_again = {
            let Some(pace) = pace.upgrade() else { return };
            let mut pace = lock(&pace);
            let look_again = pace.idle_since.unwrap_or(now) + patience;
            if look_again <= now {
                if matches!(pace.source, Source::Open(_)) {
                    warn(&format_args!("the client took no byte for {patience:?}"));
                    pace.source = Source::BrokenOff;
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
fn lock<S>(pace: &Mutex<Pace<S>>) -> MutexGuard<'_, Pace<S>> {
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}

fn warn(reason: &dyn std::fmt::Display) {
    tracing::warn!(target: "wellhead::http", "a response was broken off: {reason}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{StreamExt, stream};
    use http_body_util::BodyExt;

    fn chunk(text: &'static str) -> Result<Bytes, String> {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn all_chunks_arrive_in_order() {
        let body = paced(stream::iter([chunk("a"), chunk("b"), chunk("c"), chunk("d")]), Duration::from_secs(5));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abcd");
    }

    #[tokio::test]
    async fn a_large_chunk_comes_in_portions() {
        let large = Bytes::from(vec![7; 2 * PORTION + 1]);
        let body = paced(stream::iter([Ok::<_, String>(large.clone())]), Duration::from_secs(5));
        let portions: Vec<Bytes> = body.into_data_stream().map(Result::unwrap).collect().await;
        assert_eq!(portions.iter().map(Bytes::len).collect::<Vec<_>>(), [PORTION, PORTION, 1]);
        assert_eq!(portions.concat(), large);
    }

    #[tokio::test]
    async fn a_source_that_fails_breaks_the_body_off() {
        let body = paced(stream::iter([chunk("a"), Err("gone".to_owned())]), Duration::from_secs(5));
        assert!(body.collect().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_stalls_loses_the_rest_and_frees_the_source() {
        let held = Arc::new(());
        let alive = Arc::downgrade(&held);
        let endless = stream::repeat_with(move || {
            let _ = &held;
            chunk("x")
        });
        let body = paced(endless, Duration::from_secs(30));
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
        assert_eq!(paced(slow, Duration::from_secs(30)).collect().await.unwrap().to_bytes(), "ab");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_may_take_its_time_but_not_as_long_as_that() {
        let mut body = paced(stream::repeat_with(|| chunk("x")), Duration::from_secs(30)).into_data_stream();
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
        drop(paced(silent, Duration::from_secs(30)));
        while alive.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
    }
}
