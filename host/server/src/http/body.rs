//! A request's body, read whole within bounds of size and time.

use super::ApiError;
use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;

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
