//! `GET /api/datasources/uid/:uid/health`: 200 where the data source is well, 400 with the same keys where it is not.

use crate::auth::Client;
use crate::http::{ApiError, ErrorBody, Missing, Refused, Segment};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use wellhead::{DataSourceKey, HealthStatus, Operation};
use wellhead_identity::Action;

/// How a data source is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `OK`, `ERROR` or `UNKNOWN`.
    status: &'static str,
    message: String,
    /// The plugin's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    details: Option<Value>,
}

/// It is not well, or the request is bad.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the two bodies that go with one status")]
pub(crate) enum NotWell {
    NotWell(Health),
    BadRequest(ErrorBody),
}

/// Asks a data source how it is.
#[utoipa::path(get, path = "/api/datasources/uid/{uid}/health", tag = "datasources",
    operation_id = "checkDataSourceHealth", params(("uid" = String, Path)),
    responses(Refused, Missing, (status = 200, body = Health), (status = 400, body = NotWell)))]
pub(crate) async fn check(
    State(app): State<AppState>,
    client: Client,
    Segment(uid): Segment,
) -> Result<(StatusCode, Json<Health>), ApiError> {
    client.may(Action::Query)?;
    let health = app.wellhead.service().check_health(&client.caller, &DataSourceKey::Uid(uid)).await;
    let health = health.map_err(|error| ApiError::of(Operation::Health, error))?;
    // Details are the plugin's: what is no JSON is left out rather than sent as a string.
    let details = health.details.and_then(|details| serde_json::from_str(&details).ok());
    let status = if health.status == HealthStatus::Ok { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let message = app.wellhead.redactor().redact(&health.message).into_owned();
    Ok((status, Json(Health { status: health.status.as_str(), message, details })))
}
