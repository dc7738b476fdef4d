//! The part of a path that names something, with errors in this API's own form.

use super::ApiError;
use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use std::collections::HashMap;

/// The names that routes give to such a part.
const NAMES: [&str; 3] = ["uid", "name", "id"];

/// A decoded `{uid}`, `{name}` or `{id}` of the route.
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let segments = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Path(mut segments) = segments.map_err(|rejection| {
            ApiError::new(StatusCode::BAD_REQUEST, "Invalid path").with_detail(rejection.body_text())
        })?;
        let named = NAMES.iter().find_map(|name| segments.remove(*name));
        named.map(Self).ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "Not found"))
    }
}
