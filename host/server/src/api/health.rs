//! `GET /api/datasources/uid/:uid/health`: 200 where the data source is well, 400 with the same keys where it is not.

use crate::http::{ApiError, Segment, Trace, caller};
use crate::state::AppState;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use serde_json::{Value, json};
use wellhead::{DataSourceKey, HealthStatus, Operation};

pub(crate) async fn check(
    State(app): State<AppState>,
    Extension(trace): Extension<Trace>,
    Segment(uid): Segment,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let caller = caller(&headers, &trace)?;
    let health = app.wellhead.service().check_health(&caller, &DataSourceKey::Uid(uid)).await;
    let health = health.map_err(|error| ApiError::of(Operation::Health, error))?;
    let mut body = json!({"status": health.status.as_str(), "message": health.message});
    // Details are the plugin's: what is no JSON is left out rather than sent as a string.
    let details = health.details.and_then(|details| serde_json::from_str::<Value>(&details).ok());
    if let (Some(details), Some(body)) = (details, body.as_object_mut()) {
        body.insert("details".into(), details);
    }
    let status = if health.status == HealthStatus::Ok { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    Ok((status, Json(body)))
}
