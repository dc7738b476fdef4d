//! The data source whose permissions are meant, for those who may look at them.

use crate::auth::SignedIn;
use crate::http::ApiError;
use std::sync::Arc;
use wellhead::{DataSource, DataSourceKey, Operation};
use wellhead_identity::{Action, Grant, Permission};

/// The data source, if the client may say who may use it.
pub(super) async fn administered(signed_in: &SignedIn, uid: String) -> Result<Arc<DataSource>, ApiError> {
    signed_in.client.may_with(Action::ManagePermissions, &uid, Permission::Admin)?;
    let found = signed_in.app.wellhead.data_sources().get(signed_in.client.org_id(), &DataSourceKey::Uid(uid)).await;
    found.map_err(|error| ApiError::of(Operation::DataSource, error))
}

/// What is granted on it.
pub(super) fn grants(signed_in: &SignedIn, source: &DataSource) -> Result<Vec<Grant>, ApiError> {
    Ok(signed_in.identities().grants(source.org_id, &source.uid)?)
}
