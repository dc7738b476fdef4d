//! A request's body: read whole within bounds of size, time and what all bodies may take together, or handed on as it
//! comes within bounds of size and patience.

use super::ApiError;
use crate::state::AppState;
use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wellhead::{PluginError, ResourceBody};

/// The memory that all bodies under way share.
#[derive(Clone, Debug)]
pub(crate) struct BodyBudget {
    bytes: usize,
    left: Arc<Semaphore>,
}

impl BodyBudget {
    pub(crate) fn new(bytes: usize) -> Self {
        let bytes = bytes.min(Semaphore::MAX_PERMITS);
        Self { bytes, left: Arc::new(Semaphore::new(bytes)) }
    }

    /// Takes what a chunk needs, at once or not at all.
    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let taken =
            u32::try_from(bytes).ok().and_then(|bytes| Arc::clone(&self.left).try_acquire_many_owned(bytes).ok());
        taken.ok_or_else(|| {
            let message = format!(
                "the bodies of all requests under way take the {} bytes allowed: send this one again in a moment",
                self.bytes
            );
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message).with_retry_after(1)
        })
    }
}

/// A whole body, which has its part of the [`BodyBudget`] until it is dropped.
pub(crate) struct WholeBody {
    bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

impl Deref for WholeBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads a body of at most `max_bytes`.
pub(crate) async fn read_body(app: &AppState, body: Body, max_bytes: usize) -> Result<WholeBody, ApiError> {
    let patience = app.config.body_timeout;
    let mut chunks = Limited::new(body, max_bytes).into_data_stream();
    let reading = async {
        let (mut whole, mut share) = (BytesMut::new(), None::<OwnedSemaphorePermit>);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| broken(&*error, max_bytes))?;
            let taken = app.bodies.take(chunk.len())?;
            match &mut share {
                Some(share) => share.merge(taken),
                None => share = Some(taken),
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(WholeBody { bytes: whole.freeze(), _share: share })
    };
    tokio::time::timeout(patience, reading).await.unwrap_or_else(|_| {
        let message = format!("the request body did not arrive within {patience:?}");
        Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, message))
    })
}

fn broken(error: &(dyn std::error::Error + Send + Sync + 'static), max_bytes: usize) -> ApiError {
    if error.is::<LengthLimitError>() {
        let message = format!("the request body has more than the {max_bytes} bytes allowed: split the request");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    } else {
        ApiError::new(StatusCode::BAD_REQUEST, "the request body broke off").with_detail(error.to_string())
    }
}

/// A body for whoever answers in this host's stead. One that is too long, breaks off, or brings nothing for `patience`
/// while somebody waits for more, ends with that as its error.
pub(crate) fn streamed_body(body: Body, max_bytes: usize, patience: Duration) -> ResourceBody {
    let limited = Limited::new(body, max_bytes).into_data_stream();
    let canceled = |reason| PluginError::RequestCanceled { plugin_id: String::new(), reason };
    ResourceBody::stream(stream::unfold(Some(limited), move |chunks| async move {
        let mut chunks = chunks?;
        match tokio::time::timeout(patience, chunks.next()).await {
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(chunks))),
            Ok(Some(Err(error))) if error.is::<LengthLimitError>() => {
                let limit = max_bytes as u64;
                Some((Err(PluginError::limit("request body bytes", limit, limit.saturating_add(1))), None))
            }
            Ok(Some(Err(_))) => Some((Err(canceled("the client's body broke off")), None)),
            Ok(None) => None,
            Err(_) => Some((Err(canceled("the client's body did not go on")), None)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_streamed_body_that_does_not_go_on_ends_with_an_error() {
        let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"a"))]);
        let body = Body::from_stream(first.chain(stream::pending()));
        let chunks: Vec<_> = streamed_body(body, 10, Duration::from_secs(60)).into_stream().collect().await;
        let [Ok(first), Err(PluginError::RequestCanceled { reason, .. })] = &chunks[..] else { panic!("{chunks:?}") };
        assert_eq!((&first[..], *reason), (&b"a"[..], "the client's body did not go on"));
    }

    #[test]
    fn what_all_bodies_take_together_is_bounded_and_comes_back() {
        let budget = BodyBudget::new(10);
        let first = budget.take(7).unwrap();
        assert_eq!(budget.take(4).unwrap_err().public().status, 503);
        drop(first);
        assert!(budget.take(10).is_ok());
    }
}
