//! `GET /api/plugins`: every plugin the host knows, in Grafana's shape.

use super::data_sources::logo;
use crate::state::AppState;
use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};
use wellhead::PluginRecord;

/// `?type=datasource` (or `panel`, `app`) keeps those of one type.
pub(crate) async fn list(State(app): State<AppState>, RawQuery(query): RawQuery) -> Json<Value> {
    let query = query.unwrap_or_default();
    let wanted = query.split('&').find_map(|pair| pair.strip_prefix("type=")).filter(|wanted| !wanted.is_empty());
    let plugins = app.wellhead.plugins().list();
    let plugins =
        plugins.iter().filter(|plugin| wanted.is_none_or(|wanted| plugin.manifest.plugin_type.as_str() == wanted));
    Json(plugins.map(|plugin| item(plugin)).collect())
}

fn item(plugin: &PluginRecord) -> Value {
    let manifest = &plugin.manifest;
    json!({
        "id": manifest.id,
        "name": manifest.name,
        "type": manifest.plugin_type.as_str(),
        "enabled": true,
        "pinned": false,
        "info": manifest.info,
        "aliasIDs": manifest.alias_ids,
        "logo": logo(plugin),
        "hasBackend": plugin.has_backend,
        "contentHash": plugin.hash,
        "category": manifest.other.get("category"),
        "state": manifest.other.get("state"),
    })
}
