//! The reading half.

use super::find::{check_seen, find, numeric, seen};
use super::item::{DataSourceItem, DataSourceListItem};
use crate::auth::Client;
use crate::http::{ApiError, Missing, Refused, Segment};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use wellhead::{DataSource, DataSourceKey};
use wellhead_identity::Action;

/// The legacy numeric id.
#[derive(Serialize, ToSchema)]
pub(crate) struct DataSourceId {
    id: i64,
}

/// The data sources of the org that the caller may query, by lower-cased name.
#[utoipa::path(get, path = "/api/datasources", tag = "datasources", operation_id = "listDataSources",
    responses((status = 200, body = [DataSourceListItem]), Refused))]
pub(super) async fn list(
    State(app): State<AppState>,
    client: Client,
) -> Result<Json<Vec<DataSourceListItem>>, ApiError> {
    client.may(Action::ReadDataSources)?;
    let sources = seen(&app, &client).await?;
    let items: Result<_, _> = sources.iter().map(|source| DataSourceListItem::new(&app, &client, source)).collect();
    items.map(Json)
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
    let source = read(&app, &client, &DataSourceKey::Name(name)).await?;
    Ok(Json(DataSourceId { id: source.id }))
}

async fn item(app: &AppState, client: &Client, key: &DataSourceKey) -> Result<Json<DataSourceItem>, ApiError> {
    let source = read(app, client, key).await?;
    DataSourceItem::new(app, client, &source).map(Json)
}

async fn read(app: &AppState, client: &Client, key: &DataSourceKey) -> Result<Arc<DataSource>, ApiError> {
    client.may(Action::ReadDataSources)?;
    let source = find(app, client, key).await?;
    check_seen(client, &source)?;
    Ok(source)
}
