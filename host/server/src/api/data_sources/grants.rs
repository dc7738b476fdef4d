//! Who may query a data source goes with it: to a new uid, and away with it.
//!
//! Each change holds what changes of permissions hold too, so that nobody closes a data source while it moves and finds it
//! open under its new uid.

use crate::auth::identity_error;
use crate::http::ApiError;
use crate::state::AppState;
use std::sync::Arc;
use wellhead::{DataSource, DataSourceKey, DeleteDataSource, Operation, StoreError, UpdateDataSource};

/// Changes a data source, and takes what is granted on it along to its new uid.
pub(super) async fn updated(
    app: &AppState,
    before: &DataSource,
    update: UpdateDataSource,
) -> Result<Arc<DataSource>, ApiError> {
    let _one_at_a_time = app.granting.lock().await;
    let failed = |error| ApiError::of(Operation::DataSource, error);
    let store = app.wellhead.data_sources();
    let (org_id, wanted) = (before.org_id, update.source.uid.clone());
    let now = store.get(org_id, &update.key).await.map_err(failed)?;
    if now.uid != before.uid {
        // It moved since the caller was found to be allowed to change it.
        let (expected, actual) = (before.version, now.version);
        return Err(failed(StoreError::VersionConflict { uid: now.uid.clone(), expected, actual }));
    }
    if wanted.is_empty() || wanted == now.uid {
        return store.update(update).await.map_err(failed);
    }
    movable(app, &now, &update, &wanted).await?;
    // Grants go ahead to the new uid, so that at no moment it is open to all.
    let copied = copied(app, org_id, &now.uid, &wanted).await?;
    let updated = store.update(update).await.map_err(failed);
    match &updated {
        Ok(_) => removed(app, org_id, &now.uid).await,
        Err(_) => taken_back(app, org_id, &wanted, copied).await,
    }
    updated
}

/// Deletes a data source with what is granted on it.
pub(super) async fn deleted(app: &AppState, delete: DeleteDataSource) -> Result<Arc<DataSource>, ApiError> {
    let _one_at_a_time = app.granting.lock().await;
    let deleted = app.wellhead.data_sources().delete(delete).await;
    let deleted = deleted.map_err(|error| ApiError::of(Operation::DeleteDataSource, error))?;
    removed(app, deleted.org_id, &deleted.uid).await;
    Ok(deleted)
}

/// What the store would refuse too, but told before any permission is touched.
async fn movable(app: &AppState, now: &DataSource, update: &UpdateDataSource, wanted: &str) -> Result<(), ApiError> {
    let (org_id, uid) = (now.org_id, now.uid.clone());
    let refused = match update.expected_version.filter(|expected| *expected != now.version) {
        _ if now.read_only => StoreError::ReadOnly { org_id, name: now.name.clone() },
        Some(expected) => StoreError::VersionConflict { uid, expected, actual: now.version },
        None => match app.wellhead.data_sources().get(org_id, &DataSourceKey::uid(wanted)).await {
            Err(StoreError::NotFound { .. }) => return Ok(()),
            Ok(_) => StoreError::UidExists { org_id, uid: wanted.to_owned() },
            Err(error) => error,
        },
    };
    Err(ApiError::of(Operation::DataSource, refused))
}

/// Grants what is granted on `from` on `to` as well, and gives the ids of these grants.
async fn copied(app: &AppState, org_id: i64, from: &str, to: &str) -> Result<Vec<i64>, ApiError> {
    let Some(sign_in) = &app.sign_in else { return Ok(Vec::new()) };
    let copied = sign_in.identities.copy_grants(org_id, from, to).await;
    copied.map_err(|error| identity_error(&error))
}

/// Forgets what was copied to a uid that the data source did not get. What else is granted there is another's.
async fn taken_back(app: &AppState, org_id: i64, uid: &str, copied: Vec<i64>) {
    let Some(sign_in) = &app.sign_in else { return };
    if let Err(error) = sign_in.identities.remove_copied_grants(org_id, uid, copied).await {
        left_over(org_id, uid, &error);
    }
}

/// Forgets what is granted on a data source that is gone. Nobody can use it any more, so that a failure waits for an admin.
async fn removed(app: &AppState, org_id: i64, uid: &str) {
    let Some(sign_in) = &app.sign_in else { return };
    if let Err(error) = sign_in.identities.remove_grants(org_id, uid).await {
        left_over(org_id, uid, &error);
    }
}

fn left_over(org_id: i64, uid: &str, error: &dyn std::fmt::Display) {
    tracing::error!(target: "wellhead::http", "permissions on {uid:?} of org {org_id} are left over: {error}");
}
