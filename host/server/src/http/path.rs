//! The parts of a path that name something by number or by several names, with errors in this API's own form.

use super::ApiError;
use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// The decoded parts of the route, in its order: one value, or a tuple of them.
pub(crate) struct PathOf<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        let bad = |detail: String| ApiError::new(StatusCode::BAD_REQUEST, "id is invalid").with_detail(detail);
        read.map(|Path(read)| Self(read)).map_err(|rejection| bad(rejection.body_text()))
    }
}
