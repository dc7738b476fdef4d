//! The one data source that a request is about, and what its caller may see of it.

use crate::auth::Client;
use crate::http::ApiError;
use crate::state::AppState;
use axum::http::StatusCode;
use std::sync::Arc;
use wellhead::{DataSource, DataSourceKey, Operation, QueryError};
use wellhead_identity::{Action, Permission};

/// The data source of the client's org with this key.
pub(super) async fn find(app: &AppState, client: &Client, key: &DataSourceKey) -> Result<Arc<DataSource>, ApiError> {
    let found = app.wellhead.data_sources().get(client.org_id(), key).await;
    found.map_err(|error| ApiError::of(Operation::DataSource, error))
}

/// The legacy numeric id of a path.
pub(super) fn numeric(id: &str) -> Result<DataSourceKey, ApiError> {
    id.parse().map(DataSourceKey::Id).map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "id is invalid"))
}

/// Refuses a data source that is granted to others: who may not query it has no use for its settings.
pub(super) fn check_seen(client: &Client, source: &DataSource) -> Result<(), ApiError> {
    let Some(permissions) = &client.caller.permissions else { return Ok(()) };
    let denied = |reason| QueryError::AccessDenied { uid: source.uid.clone(), reason };
    permissions.check(source).map_err(|reason| ApiError::of(Operation::DataSource, denied(reason)))
}

/// The data sources of the client's org that are not granted to others, by lower-cased name.
pub(crate) async fn seen(app: &AppState, client: &Client) -> Result<Vec<Arc<DataSource>>, ApiError> {
    let sources = app.wellhead.data_sources().list(client.org_id()).await;
    let mut sources = sources.map_err(|error| ApiError::of(Operation::DataSource, error))?;
    sources.retain(|source| check_seen(client, source).is_ok());
    Ok(sources)
}

/// The URL of a data source, with the password in it only for who may change it and so needs it back whole.
pub(super) fn seen_url(client: &Client, source: &DataSource) -> Result<String, ApiError> {
    let may_write = client.is_allowed(Action::WriteDataSources, &source.uid, Permission::Edit)?;
    Ok(if may_write { source.url.clone() } else { wellhead::without_password(&source.url).into_owned() })
}
