//! Routes about the host itself: health, probes, metrics.

use crate::auth::Client;
use crate::http::ApiError;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use wellhead::{DataSourceKey, StoreError};
use wellhead_identity::Action;

/// The Grafana release whose API this is. Clients look at it to choose their calls (grafana-client wants 9 or newer);
/// Wellhead's own version stands beside it.
pub(super) const GRAFANA_VERSION: &str = "12.0.0";
/// A read takes microseconds; a probe waits a few seconds.
const HEALTH_PATIENCE: Duration = Duration::from_secs(2);
pub(super) const WELLHEAD_VERSION: &str = env!("CARGO_PKG_VERSION");
/// OpenMetrics is what Prometheus asks for first, and what the text is.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How this host is.
#[derive(Serialize, ToSchema)]
pub(crate) struct HostHealth {
    /// `ok` or `failing`.
    database: &'static str,
    /// The Grafana release whose API this is.
    version: &'static str,
    commit: String,
    /// Wellhead's own version.
    wellhead: &'static str,
}

/// How this host is, found out by a read of what it keeps. Needs no sign-in.
#[utoipa::path(get, path = "/api/health", tag = "host", operation_id = "getHealth", security(()),
    responses((status = 200, body = HostHealth), (status = 503, description = "The database fails.", body = HostHealth)))]
pub(crate) async fn health(State(app): State<AppState>) -> (StatusCode, Json<HostHealth>) {
    // No org has it, so that no cache answers, and there is nothing to copy.
    let nothing = DataSourceKey::Id(0);
    let read = tokio::time::timeout(HEALTH_PATIENCE, app.wellhead.data_sources().get(0, &nothing)).await;
    let (status, database) = match read {
        Ok(Ok(_) | Err(StoreError::NotFound { .. })) => (StatusCode::OK, "ok"),
        failed => {
            let reason =
                failed.map_or_else(|_| format!("no answer within {HEALTH_PATIENCE:?}"), |failed| failing(&failed));
            tracing::error!(target: "wellhead::http", "the database is failing: {reason}");
            (StatusCode::SERVICE_UNAVAILABLE, "failing")
        }
    };
    let commit = app.config.commit.clone();
    (status, Json(HostHealth { database, version: GRAFANA_VERSION, commit, wellhead: WELLHEAD_VERSION }))
}

fn failing<T>(read: &Result<T, StoreError>) -> String {
    read.as_ref().err().map(ToString::to_string).unwrap_or_default()
}

pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

pub(crate) async fn readyz(State(app): State<AppState>) -> (StatusCode, &'static str) {
    if app.is_draining() { (StatusCode::SERVICE_UNAVAILABLE, "draining\n") } else { (StatusCode::OK, "ready\n") }
}

pub(crate) async fn metrics(State(app): State<AppState>, client: Client) -> Result<impl IntoResponse, ApiError> {
    client.may(Action::ReadMetrics)?;
    let mut text = String::new();
    app.metrics.encode(&mut text);
    app.wellhead.encode_metrics(&mut text);
    text.push_str("# EOF\n");
    Ok(([(CONTENT_TYPE, METRICS_TYPE)], text))
}
