//! A JSON body of a bounded size, with errors in this API's own form.

use super::{ApiError, is_json, read_body};
use crate::state::AppState;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

/// More than any settings need; large enough for certificates.
const MAX_BYTES: usize = 4 << 20;

/// The body of a command.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let bad = |detail: String| ApiError::new(StatusCode::BAD_REQUEST, "bad request data").with_detail(detail);
        if !is_json(&parts.headers) {
            return Err(bad("the body's Content-Type is not application/json: send it as that".into()));
        }
        let body = read_body(body, MAX_BYTES.min(app.config.body_bytes), app.config.body_timeout).await?;
        let mut json = serde_json::Deserializer::from_slice(&body);
        let read = serde_path_to_error::deserialize(&mut json).map_err(|error| bad(error.to_string()))?;
        json.end().map_err(|error| bad(error.to_string()))?;
        Ok(Self(read))
    }
}
