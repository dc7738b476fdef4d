//! Bodies whose chunks come from a source that may fail.

use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use std::fmt::Display;
use std::io;

/// A body of these chunks. A source that fails breaks it off: the client sees an incomplete message, never a short one.
/// The source is dropped when the reader goes.
pub(crate) fn body_of<S, E>(chunks: S) -> Body
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Display + 'static,
{
    Body::from_stream(chunks.map_err(|error| broken_off(&error)))
}

/// What ends a body that is not whole, once the log knows the reason.
pub(super) fn broken_off(reason: &dyn Display) -> io::Error {
    tracing::warn!(target: "wellhead::http", "a response was broken off: {reason}");
    io::Error::new(io::ErrorKind::UnexpectedEof, "the response was broken off")
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use http_body_util::BodyExt;

    fn chunk(text: &'static str) -> Result<Bytes, String> {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn all_chunks_arrive_in_order() {
        let body = body_of(stream::iter([chunk("a"), chunk("b"), chunk("c")]));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abc");
    }

    #[tokio::test]
    async fn a_source_that_fails_breaks_the_body_off() {
        let body = body_of(stream::iter([chunk("a"), Err("gone".to_owned())]));
        assert!(body.collect().await.is_err());
    }
}
