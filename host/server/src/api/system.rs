//! Routes about the host itself: health, settings, probes, metrics.

use crate::http::{ApiError, Trace, caller};
use crate::state::AppState;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde_json::{Map, Value, json};
use wellhead::Operation;

/// The Grafana release whose API this is. Clients look at it to choose their calls (grafana-client wants 9 or newer);
/// Wellhead's own version stands beside it.
const GRAFANA_VERSION: &str = "12.0.0";
const WELLHEAD_VERSION: &str = env!("CARGO_PKG_VERSION");
/// OpenMetrics is what Prometheus asks for first, and what the text is.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn health(State(app): State<AppState>) -> Json<Value> {
    Json(json!({
        "database": "ok",
        "version": GRAFANA_VERSION,
        "commit": app.config.commit,
        "wellhead": WELLHEAD_VERSION,
    }))
}

/// The part of Grafana's settings that API clients read.
pub(crate) async fn frontend_settings(
    State(app): State<AppState>,
    Extension(trace): Extension<Trace>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let caller = caller(&headers, &trace)?;
    let sources = app.wellhead.service().data_sources(&caller).await;
    let sources = sources.map_err(|error| ApiError::of(Operation::DataSource, error))?;
    let default = sources.iter().find(|source| source.is_default).or(sources.first());
    let by_name: Map<String, Value> = sources
        .iter()
        .map(|source| {
            let plugin = app.wellhead.plugins().get(&source.plugin_id);
            let plugin_id = plugin.map_or_else(|| source.plugin_id.clone(), |plugin| plugin.manifest.id.clone());
            let item = json!({
                "id": source.id,
                "uid": source.uid,
                "name": source.name,
                "type": plugin_id,
                "isDefault": source.is_default,
                "access": source.access.as_str(),
                "meta": {"id": plugin_id},
            });
            (source.name.clone(), item)
        })
        .collect();
    Ok(Json(json!({
        "buildInfo": {
            "version": GRAFANA_VERSION,
            "commit": app.config.commit,
            "edition": "Wellhead",
            "wellhead": WELLHEAD_VERSION,
        },
        "defaultDatasource": default.map(|source| source.name.as_str()),
        "datasources": by_name,
    })))
}

/// Orgs have no names of their own yet: the first bears Grafana's.
pub(crate) async fn org(Extension(trace): Extension<Trace>, headers: HeaderMap) -> Result<Json<Value>, ApiError> {
    let org_id = caller(&headers, &trace)?.org_id;
    let name = if org_id == 1 { "Main Org.".to_owned() } else { format!("Org {org_id}") };
    Ok(Json(json!({"id": org_id, "name": name})))
}

pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

pub(crate) async fn readyz(State(app): State<AppState>) -> (StatusCode, &'static str) {
    if app.is_draining() { (StatusCode::SERVICE_UNAVAILABLE, "draining\n") } else { (StatusCode::OK, "ready\n") }
}

pub(crate) async fn metrics(State(app): State<AppState>) -> impl IntoResponse {
    let mut text = String::new();
    app.metrics.encode(&mut text);
    app.wellhead.encode_metrics(&mut text);
    text.push_str("# EOF\n");
    ([(CONTENT_TYPE, METRICS_TYPE)], text)
}
