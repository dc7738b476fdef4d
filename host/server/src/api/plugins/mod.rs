//! `/api/plugins…`: the plugins a host knows, what it refused, what happens to them, and an operator's word about them.

mod about;
mod control;
mod event;
mod events;
mod item;
mod onlooker;
mod operator;

use crate::auth::Client;
use crate::http::{ApiError, Refused};
use crate::state::AppState;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::routing::{delete, get, post};
use item::item;
use onlooker::Onlooker;
use serde_json::{Value, json};
use std::path::Path;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wellhead::{LoadError, PluginOrigin, PluginState};
use wellhead_identity::Action;

/// The routes that Grafana has.
pub(crate) fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(about::settings)).routes(routes!(about::health))
}

/// Those that are Wellhead's own.
pub(crate) fn routes() -> axum::Router<AppState> {
    axum::Router::new()
        .route("/api/plugins/errors", get(errors))
        .route("/api/plugins/events", get(events::stream))
        .route("/api/plugins/{id}", delete(control::remove))
        .route("/api/plugins/{id}/reload", post(control::reload))
        .route("/api/plugins/{id}/rollback", post(control::roll_back))
        .route("/api/plugins/{id}/pin", post(control::pin))
        .route("/api/plugins/{id}/unpin", post(control::unpin))
        .route("/api/plugins/{id}/enable", post(control::enable))
        .route("/api/plugins/{id}/disable", post(control::disable))
        .route("/api/plugins/{id}/auto-reload", post(control::auto_reload))
        .route("/api/plugins/{id}/decommission", post(control::decommission))
        .route("/api/plugins/{id}/release", post(control::release))
}

/// Grafana's list. `?type=datasource` (or `panel`, `app`) keeps those of one type.
#[utoipa::path(get, path = "/api/plugins", tag = "plugins", operation_id = "listPlugins",
    params(("type" = Option<String>, Query)), responses((status = 200, body = [Object]), Refused))]
async fn list(State(app): State<AppState>, client: Client, RawQuery(query): RawQuery) -> Result<Json<Value>, ApiError> {
    client.may(Action::ReadPlugins)?;
    let query = query.unwrap_or_default();
    let wanted = query.split('&').find_map(|pair| pair.strip_prefix("type=")).filter(|wanted| !wanted.is_empty());
    let (plugins, onlooker) = (app.wellhead.plugins().list(), Onlooker::of(&client));
    let plugins =
        plugins.iter().filter(|plugin| wanted.is_none_or(|wanted| plugin.manifest.plugin_type.as_str() == wanted));
    Ok(Json(plugins.map(|plugin| item(&app.wellhead, plugin, onlooker)).collect()))
}

/// What was refused, as Grafana lists plugins that do not load, with the file and the reason beside it.
async fn errors(State(app): State<AppState>, client: Client) -> Result<Json<Value>, ApiError> {
    client.may(Action::ReadPlugins)?;
    let (store, runtime, onlooker) = (app.wellhead.plugins(), app.wellhead.runtime(), Onlooker::of(&client));
    let records = store.list();
    let rejections = store.rejections();
    let plugin_of = |file: &Path| {
        let record = records.iter().find(|record| matches!(&record.origin, PluginOrigin::File(path) if path == file));
        // A file that did not get as far as having an id goes by its name.
        record.map_or_else(|| stem(file), |record| record.manifest.id.clone())
    };
    let files = rejections.iter().map(|rejection| {
        json!({
            "pluginId": plugin_of(&rejection.path),
            "errorCode": code(&rejection.error),
            "file": onlooker.file(&rejection.path),
            "message": onlooker.text(&rejection.error.to_string(), Some(&rejection.path)),
        })
    });
    // The first code of a plugin is compiled after its file was accepted.
    let failed = records.iter().filter_map(|record| {
        let status = runtime.plugin_status(&record.manifest.id)?;
        let file = item::file(record);
        let told = rejections.iter().any(|rejection| Some(rejection.path.as_path()) == file);
        let rejection = status.last_rejection.filter(|_| status.state == PluginState::Rejected && !told)?;
        Some(json!({
            "pluginId": status.plugin_id,
            "errorCode": FAILED,
            "file": file.map(|file| onlooker.file(file)),
            "message": onlooker.text(&rejection.reason, file),
        }))
    });
    Ok(Json(files.chain(failed).collect()))
}

/// Grafana's word for a plugin that was found and does not start.
const FAILED: &str = "failedBackendStart";

/// Grafana's other codes are about signatures, which plugins here do not have.
fn code(error: &LoadError) -> &'static str {
    match error {
        LoadError::Read { .. } => "unreadableFile",
        LoadError::Manifest { .. } => "invalidManifest",
        LoadError::NotAPlugin { .. } => "notAPlugin",
        LoadError::TooLarge { .. } => "fileTooLarge",
        LoadError::Registry { .. } => "duplicateId",
        _ => FAILED,
    }
}

fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    [".plugin.json", ".wasm"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name).to_owned()
}
