//! Bodies that end when their reader stalls, so that no slow client holds a plugin's call, or memory, for ever.
//!
//! HTTP/2 readers can stall without the socket ever blocking: the write time-out of the socket does not see them.

use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc;

/// Chunks that wait for the reader. Two: one on its way, one being made.
const CHUNKS_AHEAD: usize = 2;

/// A body of these chunks. A reader that takes none for `patience` loses the rest, and a source that fails breaks the
/// body off: the client sees an incomplete message, never a short one. The source is dropped when the reader goes.
pub(crate) fn paced<S, E>(source: S, patience: Duration) -> Body
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: std::fmt::Display + Send,
{
    let (chunks, received) = mpsc::channel::<Option<Bytes>>(CHUNKS_AHEAD);
    tokio::spawn(async move {
        if let Err(reason) = pump(source, &chunks, patience).await {
            tracing::warn!(target: "wellhead::http", "a response was broken off: {reason}");
        }
    });
    let body = stream::unfold(Some(received), |received| async move {
        let mut received = received?;
        match received.recv().await {
            Some(Some(chunk)) => Some((Ok(chunk), Some(received))),
            // The end mark: whoever sends nothing else was broken off.
            Some(None) => None,
            None => Some((Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the response was broken off")), None)),
        }
    });
    Body::from_stream(body)
}

async fn pump<S, E>(source: S, chunks: &mpsc::Sender<Option<Bytes>>, patience: Duration) -> Result<(), String>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: std::fmt::Display,
{
    let mut source = pin!(source);
    loop {
        let next = tokio::select! {
            () = chunks.closed() => return Ok(()),
            next = source.next() => next.transpose().map_err(|error| error.to_string())?,
        };
        let is_last = next.is_none();
        match chunks.send_timeout(next, patience).await {
            Ok(()) if is_last => return Ok(()),
            Ok(()) => {}
            Err(mpsc::error::SendTimeoutError::Closed(_)) => return Ok(()),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => {
                return Err(format!("the client took no byte for {patience:?}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use std::sync::Arc;

    fn chunk(text: &'static str) -> Result<Bytes, String> {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn all_chunks_arrive_in_order() {
        let body = paced(stream::iter([chunk("a"), chunk("b"), chunk("c"), chunk("d")]), Duration::from_secs(5));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abcd");
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

    #[tokio::test]
    async fn a_reader_that_goes_frees_a_source_that_never_speaks() {
        let held = Arc::new(());
        let alive = Arc::downgrade(&held);
        let silent = stream::poll_fn(move |_| {
            let _ = &held;
            std::task::Poll::<Option<Result<Bytes, String>>>::Pending
        });
        drop(paced(silent, Duration::from_secs(30)));
        while alive.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
    }
}
