//! Who asks, from a request's headers. There is no sign-in yet: the org is the one that was named.

use super::{ApiError, Trace};
use axum::http::{HeaderMap, StatusCode};
use wellhead::Caller;

/// The caller of a request. `X-Grafana-Org-Id` names the org; org 1 where it is missing.
pub(crate) fn caller(headers: &HeaderMap, trace: &Trace) -> Result<Caller, ApiError> {
    let org_id = match headers.get("x-grafana-org-id") {
        None => 1,
        Some(value) => {
            let number = value.to_str().ok().and_then(|text| text.trim().parse::<i64>().ok());
            number.filter(|org_id| *org_id > 0).ok_or_else(|| {
                let message = format!("X-Grafana-Org-Id is {value:?}: send a whole number from 1 up");
                ApiError::new(StatusCode::BAD_REQUEST, message)
            })?
        }
    };
    Ok(Caller { org_id, headers: headers.clone(), traceparent: Some(trace.traceparent()), ..Caller::default() })
}
