//! A request's body, read whole within bounds of size and time.

use crate::ServerConfig;
use crate::http::ApiError;
use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

pub(super) async fn read(body: Body, config: &ServerConfig) -> Result<Bytes, ApiError> {
    let limited = Limited::new(body, config.body_bytes);
    let Ok(read) = tokio::time::timeout(config.body_timeout, limited.collect()).await else {
        let message = format!("the request body did not arrive within {:?}", config.body_timeout);
        return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, message));
    };
    read.map(http_body_util::Collected::to_bytes).map_err(|error| {
        if error.is::<LengthLimitError>() {
            let message =
                format!("the request body has more than the {} bytes allowed: split the request", config.body_bytes);
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message)
        } else {
            ApiError::new(StatusCode::BAD_REQUEST, "the request body broke off").with_detail(error.to_string())
        }
    })
}
