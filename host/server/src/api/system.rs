//! Routes about the host itself: health, settings, probes, metrics.

use crate::auth::Client;
use crate::http::{ApiError, Refused};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use wellhead::{DataSource, Operation};
use wellhead_identity::Action;

/// The Grafana release whose API this is. Clients look at it to choose their calls (grafana-client wants 9 or newer);
/// Wellhead's own version stands beside it.
const GRAFANA_VERSION: &str = "12.0.0";
const WELLHEAD_VERSION: &str = env!("CARGO_PKG_VERSION");
/// OpenMetrics is what Prometheus asks for first, and what the text is.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How this host is.
#[derive(Serialize, ToSchema)]
pub(crate) struct HostHealth {
    database: &'static str,
    /// The Grafana release whose API this is.
    version: &'static str,
    commit: String,
    /// Wellhead's own version.
    wellhead: &'static str,
}

/// How this host is. Needs no sign-in.
#[utoipa::path(get, path = "/api/health", tag = "host", operation_id = "getHealth", security(()),
    responses((status = 200, body = HostHealth)))]
pub(crate) async fn health(State(app): State<AppState>) -> Json<HostHealth> {
    Json(HostHealth {
        database: "ok",
        version: GRAFANA_VERSION,
        commit: app.config.commit.clone(),
        wellhead: WELLHEAD_VERSION,
    })
}

/// The part of Grafana's settings that API clients read.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FrontendSettings {
    build_info: BuildInfo,
    /// The name of the org's default.
    default_datasource: Option<String>,
    /// By name.
    datasources: BTreeMap<String, DataSourceSummary>,
}

/// Which program this is.
#[derive(Serialize, ToSchema)]
struct BuildInfo {
    /// The Grafana release whose API this is.
    version: &'static str,
    commit: String,
    edition: &'static str,
    /// Wellhead's own version.
    wellhead: &'static str,
}

/// A data source, in short.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DataSourceSummary {
    id: i64,
    uid: String,
    name: String,
    r#type: String,
    is_default: bool,
    access: &'static str,
    meta: PluginSummary,
}

/// A plugin, in short.
#[derive(Serialize, ToSchema)]
struct PluginSummary {
    id: String,
}

/// The part of Grafana's settings that API clients read.
#[utoipa::path(get, path = "/api/frontend/settings", tag = "host", operation_id = "getFrontendSettings",
    responses((status = 200, body = FrontendSettings), Refused))]
pub(crate) async fn frontend_settings(
    State(app): State<AppState>,
    client: Client,
) -> Result<Json<FrontendSettings>, ApiError> {
    client.may(Action::ReadDataSources)?;
    let sources = app.wellhead.data_sources().list(client.org_id()).await;
    let sources = sources.map_err(|error| ApiError::of(Operation::DataSource, error))?;
    let default = sources.iter().find(|source| source.is_default).or(sources.first());
    let summary = |source: &DataSource| {
        let plugin = app.wellhead.plugins().get(&source.plugin_id);
        let plugin_id = plugin.map_or_else(|| source.plugin_id.clone(), |plugin| plugin.manifest.id.clone());
        DataSourceSummary {
            id: source.id,
            uid: source.uid.clone(),
            name: source.name.clone(),
            r#type: plugin_id.clone(),
            is_default: source.is_default,
            access: source.access.as_str(),
            meta: PluginSummary { id: plugin_id },
        }
    };
    Ok(Json(FrontendSettings {
        build_info: BuildInfo {
            version: GRAFANA_VERSION,
            commit: app.config.commit.clone(),
            edition: "Wellhead",
            wellhead: WELLHEAD_VERSION,
        },
        default_datasource: default.map(|source| source.name.clone()),
        datasources: sources.iter().map(|source| (source.name.clone(), summary(source))).collect(),
    }))
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
