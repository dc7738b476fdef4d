//! One plugin in the words of Grafana's pages: its settings, and whether it can be used.

use super::item::{self, state};
use super::onlooker::Onlooker;
use crate::auth::Client;
use crate::http::{ApiError, Missing, Refused, Segment};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use wellhead::{PluginRecord, PluginState};
use wellhead_identity::Action;

/// One plugin. Plugins here have no settings of their own: their data sources do.
#[utoipa::path(get, path = "/api/plugins/{id}/settings", tag = "plugins", operation_id = "getPlugin",
    params(("id" = String, Path)), responses((status = 200, body = Object), Refused, Missing))]
pub(super) async fn settings(
    State(app): State<AppState>,
    client: Client,
    Segment(id): Segment,
) -> Result<Json<Value>, ApiError> {
    client.may(Action::ReadPlugins)?;
    let mut settings = item::item(&app.wellhead, &*find(&app, &id)?, Onlooker::of(&client));
    if let Some(fields) = settings.as_object_mut() {
        fields.insert("jsonData".into(), Value::Null);
        fields.insert("secureJsonFields".into(), json!({}));
        fields.insert("includes".into(), Value::Null);
    }
    Ok(Json(settings))
}

/// Whether a plugin's code can be asked, which says nothing of its data sources.
#[utoipa::path(get, path = "/api/plugins/{id}/health", tag = "plugins", operation_id = "checkPluginHealth",
    params(("id" = String, Path)),
    responses((status = 200, body = Object), Refused, Missing, (status = 503, body = Object)))]
pub(super) async fn health(
    State(app): State<AppState>,
    client: Client,
    Segment(id): Segment,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    client.may(Action::ReadPlugins)?;
    let plugin = find(&app, &id)?;
    let state = state(&app.wellhead, &plugin);
    let answer = match state {
        Some(PluginState::Active | PluginState::Ready | PluginState::Draining) => {
            (StatusCode::OK, json!({"status": "OK", "message": "Plugin is running"}))
        }
        Some(PluginState::Discovered | PluginState::Compiling) => {
            (StatusCode::OK, json!({"status": "OK", "message": "Plugin compiles; calls wait for it"}))
        }
        Some(state) => {
            let message = format!("Plugin is {}: see /api/plugins/{}/settings", state.as_str(), plugin.manifest.id);
            (StatusCode::SERVICE_UNAVAILABLE, json!({"status": "ERROR", "message": message}))
        }
        None => return Err(ApiError::new(StatusCode::NOT_FOUND, "Not found").with_detail("the plugin has no back end")),
    };
    Ok((answer.0, Json(answer.1)))
}

fn find(app: &AppState, id: &str) -> Result<Arc<PluginRecord>, ApiError> {
    let found = app.wellhead.plugins().get(id);
    found.ok_or_else(|| {
        let detail = format!("no plugin has the id or alias {id:?}: list them with GET /api/plugins");
        ApiError::new(StatusCode::NOT_FOUND, "Plugin not found").with_detail(detail)
    })
}
