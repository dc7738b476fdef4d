//! The writing half. What was begun is finished and written down, also where the client goes away meanwhile.

use super::command::DataSourceCommand;
use super::find::{find, numeric};
use super::grants;
use super::item::DataSourceItem;
use crate::auth::{Client, to_its_end};
use crate::http::{ApiError, BadBody, Conflict, JsonBody, Missing, Refused, Segment};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wellhead::{Author, DataSource, DataSourceKey, DeleteDataSource, Operation, UpdateDataSource};
use wellhead_identity::{Action, Permission};

/// What became of a data source.
#[derive(Serialize, ToSchema)]
pub(super) struct Changed {
    message: &'static str,
    id: i64,
    name: String,
    datasource: DataSourceItem,
}

impl Changed {
    fn new(
        app: &AppState,
        client: &Client,
        message: &'static str,
        source: &DataSource,
    ) -> Result<Json<Self>, ApiError> {
        let datasource = DataSourceItem::new(app, client, source)?;
        Ok(Json(Self { message, id: source.id, name: source.name.clone(), datasource }))
    }
}

/// What is gone.
#[derive(Serialize, ToSchema)]
pub(super) struct Deleted {
    message: &'static str,
    id: i64,
}

/// Adds a data source. The first of an org becomes its default.
#[utoipa::path(post, path = "/api/datasources", tag = "datasources", operation_id = "addDataSource",
    request_body = DataSourceCommand,
    responses((status = 200, body = Changed), BadBody, Conflict, Refused))]
pub(super) async fn add(
    State(app): State<AppState>,
    client: Client,
    JsonBody(command): JsonBody<DataSourceCommand>,
) -> Result<Json<Changed>, ApiError> {
    client.may(Action::WriteDataSources)?;
    let source = command.into_data_source(client.org_id(), app.wellhead.plugins())?;
    to_its_end(async move {
        let name = source.name.clone();
        let added = app.wellhead.data_sources().add(source).await;
        let added = added.map_err(|error| ApiError::of(Operation::DataSource, error));
        client.audit("datasource.add", added.as_ref().map_or(&name, |source| &source.uid), &added);
        Changed::new(&app, &client, "Datasource added", &*added?)
    })
    .await
}

/// Changes a data source. Secrets that are not sent stay.
#[utoipa::path(put, path = "/api/datasources/uid/{uid}", tag = "datasources", operation_id = "updateDataSource",
    params(("uid" = String, Path)), request_body = DataSourceCommand,
    responses((status = 200, body = Changed), Missing, BadBody, Conflict, Refused))]
pub(super) async fn update_by_uid(
    State(app): State<AppState>,
    client: Client,
    Segment(uid): Segment,
    JsonBody(command): JsonBody<DataSourceCommand>,
) -> Result<Json<Changed>, ApiError> {
    update(app, client, DataSourceKey::Uid(uid), command).await
}

/// Changes a data source, by its legacy numeric id.
#[utoipa::path(put, path = "/api/datasources/{id}", tag = "datasources", operation_id = "updateDataSourceById",
    params(("id" = i64, Path)), request_body = DataSourceCommand,
    responses((status = 200, body = Changed), Missing, BadBody, Conflict, Refused))]
pub(super) async fn update_by_id(
    State(app): State<AppState>,
    client: Client,
    Segment(id): Segment,
    JsonBody(command): JsonBody<DataSourceCommand>,
) -> Result<Json<Changed>, ApiError> {
    update(app, client, numeric(&id)?, command).await
}

async fn update(
    app: AppState,
    client: Client,
    key: DataSourceKey,
    command: DataSourceCommand,
) -> Result<Json<Changed>, ApiError> {
    let before = find(&app, &client, &key).await?;
    client.may_with(Action::WriteDataSources, &before.uid, Permission::Edit)?;
    let expected_version = command.expected_version()?;
    let source = command.into_data_source(client.org_id(), app.wellhead.plugins())?;
    // By its id from here on: the name or uid it was asked by may be another's by then.
    let key = DataSourceKey::Id(before.id);
    let update = UpdateDataSource { key, source, expected_version, author: Author::Client };
    to_its_end(async move {
        let updated = grants::updated(&app, &before, update).await;
        client.audit("datasource.update", &before.uid, &updated);
        Changed::new(&app, &client, "Datasource updated", &*updated?)
    })
    .await
}

/// Deletes a data source and its secrets.
#[utoipa::path(delete, path = "/api/datasources/uid/{uid}", tag = "datasources", operation_id = "deleteDataSource",
    params(("uid" = String, Path)),
    responses((status = 200, body = Deleted), Missing, Refused))]
pub(super) async fn delete_by_uid(
    State(app): State<AppState>,
    client: Client,
    Segment(uid): Segment,
) -> Result<Json<Deleted>, ApiError> {
    delete(app, client, DataSourceKey::Uid(uid)).await
}

/// Deletes a data source, by its name.
#[utoipa::path(delete, path = "/api/datasources/name/{name}", tag = "datasources",
    operation_id = "deleteDataSourceByName", params(("name" = String, Path)),
    responses((status = 200, body = Deleted), Missing, Refused))]
pub(super) async fn delete_by_name(
    State(app): State<AppState>,
    client: Client,
    Segment(name): Segment,
) -> Result<Json<Deleted>, ApiError> {
    delete(app, client, DataSourceKey::Name(name)).await
}

/// Deletes a data source, by its legacy numeric id.
#[utoipa::path(delete, path = "/api/datasources/{id}", tag = "datasources", operation_id = "deleteDataSourceById",
    params(("id" = i64, Path)),
    responses((status = 200, body = Deleted), Missing, Refused))]
pub(super) async fn delete_by_id(
    State(app): State<AppState>,
    client: Client,
    Segment(id): Segment,
) -> Result<Json<Deleted>, ApiError> {
    delete(app, client, numeric(&id)?).await
}

async fn delete(app: AppState, client: Client, key: DataSourceKey) -> Result<Json<Deleted>, ApiError> {
    let before = find(&app, &client, &key).await?;
    client.may(Action::WriteDataSources)?;
    let key = DataSourceKey::Id(before.id);
    let delete = DeleteDataSource { org_id: client.org_id(), key, author: Author::Client };
    to_its_end(async move {
        let deleted = grants::deleted(&app, delete).await;
        client.audit("datasource.delete", &before.uid, &deleted);
        Ok(Json(Deleted { message: "Data source deleted", id: deleted?.id }))
    })
    .await
}
