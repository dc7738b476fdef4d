//! Who asks, as handlers take it.

use super::{ApiError, Trace};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use wellhead::Caller;

/// The client of a request.
pub(crate) struct Client {
    /// On whose behalf calls are made.
    pub(crate) caller: Caller,
}

impl Client {
    pub(crate) fn org_id(&self) -> i64 {
        self.caller.org_id
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let org_id = match parts.headers.get("x-grafana-org-id") {
            None => 1,
            Some(value) => {
                let number = value.to_str().ok().and_then(|text| text.trim().parse::<i64>().ok());
                number.filter(|org_id| *org_id > 0).ok_or_else(|| {
                    let message = format!("X-Grafana-Org-Id is {value:?}: send a whole number from 1 up");
                    ApiError::new(StatusCode::BAD_REQUEST, message)
                })?
            }
        };
        let traceparent = parts.extensions.get::<Trace>().map(Trace::traceparent);
        Ok(Self { caller: Caller { org_id, headers: parts.headers.clone(), traceparent, ..Caller::default() } })
    }
}
