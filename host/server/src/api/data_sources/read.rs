//! The reading half.

use super::item::{DataSourceItem, DataSourceListItem};
use crate::auth::Client;
use crate::http::{ApiError, Missing, Refused, Segment};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use wellhead::{DataSource, DataSourceKey, Operation};
use wellhead_identity::Action;

/// The legacy numeric id.
#[derive(Serialize, ToSchema)]
pub(crate) struct DataSourceId {
    id: i64,
}

/// All data sources of the org, by lower-cased name.
#[utoipa::path(get, path = "/api/datasources", tag = "datasources", operation_id = "listDataSources",
    responses((status = 200, body = [DataSourceListItem]), Refused))]
pub(super) async fn list(
    State(app): State<AppState>,
    client: Client,
) -> Result<Json<Vec<DataSourceListItem>>, ApiError> {
    client.may(Action::ReadDataSources)?;
    let sources = app.wellhead.data_sources().list(client.org_id()).await;
    let sources = sources.map_err(|error| ApiError::of(Operation::DataSource, error))?;
    Ok(Json(sources.iter().map(|source| DataSourceListItem::new(&app.wellhead, source)).collect()))
}

/// One data source.
#[utoipa::path(get, path = "/api/datasources/uid/{uid}", tag = "datasources", operation_id = "getDataSource",
    params(("uid" = String, Path)),
    responses((status = 200, body = DataSourceItem), Missing, Refused))]
pub(super) async fn by_uid(
    State(app): State<AppState>,
    client: Client,
    Segment(uid): Segment,
) -> Result<Json<DataSourceItem>, ApiError> {
    item(&app, &client, &DataSourceKey::Uid(uid)).await
}

/// One data source, by its name.
#[utoipa::path(get, path = "/api/datasources/name/{name}", tag = "datasources", operation_id = "getDataSourceByName",
    params(("name" = String, Path)),
    responses((status = 200, body = DataSourceItem), Missing, Refused))]
pub(super) async fn by_name(
    State(app): State<AppState>,
    client: Client,
    Segment(name): Segment,
) -> Result<Json<DataSourceItem>, ApiError> {
    item(&app, &client, &DataSourceKey::Name(name)).await
}

/// One data source, by its legacy numeric id.
#[utoipa::path(get, path = "/api/datasources/{id}", tag = "datasources", operation_id = "getDataSourceById",
    params(("id" = i64, Path)),
    responses((status = 200, body = DataSourceItem), Missing, Refused))]
pub(super) async fn by_id(
    State(app): State<AppState>,
    client: Client,
    Segment(id): Segment,
) -> Result<Json<DataSourceItem>, ApiError> {
    item(&app, &client, &numeric(&id)?).await
}

/// The legacy numeric id of a data source, by its name.
#[utoipa::path(get, path = "/api/datasources/id/{name}", tag = "datasources", operation_id = "getDataSourceIdByName",
    params(("name" = String, Path)),
    responses((status = 200, body = DataSourceId), Missing, Refused))]
pub(super) async fn id_of_name(
    State(app): State<AppState>,
    client: Client,
    Segment(name): Segment,
) -> Result<Json<DataSourceId>, ApiError> {
    let source = find(&app, &client, &DataSourceKey::Name(name)).await?;
    Ok(Json(DataSourceId { id: source.id }))
}

async fn item(app: &AppState, client: &Client, key: &DataSourceKey) -> Result<Json<DataSourceItem>, ApiError> {
    let source = find(app, client, key).await?;
    Ok(Json(DataSourceItem::new(&app.wellhead, &source)))
}

async fn find(app: &AppState, client: &Client, key: &DataSourceKey) -> Result<Arc<DataSource>, ApiError> {
    client.may(Action::ReadDataSources)?;
    let source = app.wellhead.data_sources().get(client.org_id(), key).await;
    source.map_err(|error| ApiError::of(Operation::DataSource, error))
}

pub(super) fn numeric(id: &str) -> Result<DataSourceKey, ApiError> {
    id.parse().map(DataSourceKey::Id).map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "id is invalid"))
}
