//! `GET /api/datasources…`: what is configured, in Grafana's shape. Secrets show as names only.

use crate::http::{ApiError, Segment, Trace, caller};
use crate::state::AppState;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use wellhead::{DataSource, DataSourceKey, Operation, PluginRecord};

/// Keys of a single data source that a list leaves out.
const NOT_IN_LISTS: [&str; 4] = ["version", "secureJsonFields", "withCredentials", "basicAuthUser"];
/// What Grafana shows for a plugin without a logo.
const NO_LOGO: &str = "public/img/icn-datasource.svg";

pub(crate) async fn list(
    State(app): State<AppState>,
    Extension(trace): Extension<Trace>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let caller = caller(&headers, &trace)?;
    let sources = app.wellhead.service().data_sources(&caller).await;
    let sources = sources.map_err(|error| ApiError::of(Operation::DataSource, error))?;
    Ok(Json(sources.iter().map(|source| list_item(&app, source)).collect()))
}

pub(crate) async fn by_uid(
    State(app): State<AppState>,
    Extension(trace): Extension<Trace>,
    Segment(uid): Segment,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let source = find(&app, &headers, &trace, DataSourceKey::Uid(uid)).await?;
    Ok(Json(item(&app, &source)))
}

pub(crate) async fn by_name(
    State(app): State<AppState>,
    Extension(trace): Extension<Trace>,
    Segment(name): Segment,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let source = find(&app, &headers, &trace, DataSourceKey::Name(name)).await?;
    Ok(Json(item(&app, &source)))
}

pub(crate) async fn by_id(
    State(app): State<AppState>,
    Extension(trace): Extension<Trace>,
    Segment(id): Segment,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let id = id.parse().map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "id is invalid"))?;
    let source = find(&app, &headers, &trace, DataSourceKey::Id(id)).await?;
    Ok(Json(item(&app, &source)))
}

pub(crate) async fn id_of_name(
    State(app): State<AppState>,
    Extension(trace): Extension<Trace>,
    Segment(name): Segment,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let source = find(&app, &headers, &trace, DataSourceKey::Name(name)).await?;
    Ok(Json(json!({"id": source.id})))
}

async fn find(
    app: &AppState,
    headers: &HeaderMap,
    trace: &Trace,
    key: DataSourceKey,
) -> Result<Arc<DataSource>, ApiError> {
    let caller = caller(headers, trace)?;
    let source = app.wellhead.service().data_source(&caller, &key).await;
    source.map_err(|error| ApiError::of(Operation::DataSource, error))
}

/// A data source on its own.
fn item(app: &AppState, source: &DataSource) -> Value {
    let plugin = app.wellhead.plugins().get(&source.plugin_id);
    let secure_fields: Map<String, Value> =
        source.secure_json_data.keys().map(|key| (key.to_owned(), Value::Bool(true))).collect();
    json!({
        "id": source.id,
        "uid": source.uid,
        "orgId": source.org_id,
        "name": source.name,
        "type": plugin.as_ref().map_or(source.plugin_id.as_str(), |plugin| plugin.manifest.id.as_str()),
        "typeLogoUrl": plugin.as_ref().map_or_else(|| NO_LOGO.to_owned(), |plugin| logo(plugin)),
        "access": source.access.as_str(),
        "url": source.url,
        "user": source.user,
        "database": source.database,
        "basicAuth": source.basic_auth,
        "basicAuthUser": source.basic_auth_user,
        "withCredentials": source.with_credentials,
        "isDefault": source.is_default,
        "jsonData": source.json_data,
        "secureJsonFields": secure_fields,
        "version": source.version,
        "readOnly": source.read_only,
    })
}

/// A data source among others.
fn list_item(app: &AppState, source: &DataSource) -> Value {
    let mut item = item(app, source);
    if let Some(fields) = item.as_object_mut() {
        fields.retain(|key, _| !NOT_IN_LISTS.contains(&key.as_str()));
        let plugin = app.wellhead.plugins().get(&source.plugin_id);
        let type_name = plugin.map_or_else(|| source.plugin_id.clone(), |plugin| plugin.manifest.name.clone());
        fields.insert("typeName".into(), type_name.into());
    }
    item
}

/// Where Grafana's pages look for a plugin's small logo.
pub(super) fn logo(plugin: &PluginRecord) -> String {
    let small = plugin.manifest.info.other.get("logos").and_then(|logos| logos.get("small")).and_then(Value::as_str);
    small.map_or_else(|| NO_LOGO.to_owned(), |small| format!("public/plugins/{}/{small}", plugin.manifest.id))
}
