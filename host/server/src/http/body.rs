//! A request's body: read whole within bounds of size and time, or handed on as it comes within a bound of size.

use super::ApiError;
use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;
use wellhead::{PluginError, ResourceBody};

pub(crate) async fn read_body(body: Body, max_bytes: usize, patience: Duration) -> Result<Bytes, ApiError> {
    let limited = Limited::new(body, max_bytes);
    let Ok(read) = tokio::time::timeout(patience, limited.collect()).await else {
        let message = format!("the request body did not arrive within {patience:?}");
        return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, message));
    };
    read.map(http_body_util::Collected::to_bytes).map_err(|error| {
        if error.is::<LengthLimitError>() {
            let message = format!("the request body has more than the {max_bytes} bytes allowed: split the request");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message)
        } else {
            ApiError::new(StatusCode::BAD_REQUEST, "the request body broke off").with_detail(error.to_string())
        }
    })
}

/// A body for whoever answers in this host's stead. One that is too long, or breaks off, ends with that as its error.
pub(crate) fn streamed_body(body: Body, max_bytes: usize) -> ResourceBody {
    let limited = Limited::new(body, max_bytes).into_data_stream();
    ResourceBody::stream(limited.map(move |chunk| {
        chunk.map_err(|error| {
            if error.is::<LengthLimitError>() {
                let limit = max_bytes as u64;
                return PluginError::limit("request body bytes", limit, limit.saturating_add(1));
            }
            PluginError::RequestCanceled { plugin_id: String::new(), reason: "the client's body broke off" }
        })
    }))
}
