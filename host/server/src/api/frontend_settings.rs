//! `GET /api/frontend/settings`: which Grafana this is taken for, and which data sources the caller can ask.

use super::data_sources::seen;
use super::system::{GRAFANA_VERSION, WELLHEAD_VERSION};
use crate::auth::Client;
use crate::http::{ApiError, Refused};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use wellhead::DataSource;
use wellhead_identity::Action;

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
pub(crate) async fn read(State(app): State<AppState>, client: Client) -> Result<Json<FrontendSettings>, ApiError> {
    client.may(Action::ReadDataSources)?;
    let sources = seen(&app, &client).await?;
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
