//! Who may query a data source goes with it: to a new uid, and away with it.

use crate::auth::identity_error;
use crate::http::ApiError;
use crate::state::AppState;

/// Grants what is granted on `from` on `to` as well, if there is one.
pub(super) async fn copied(app: &AppState, org_id: i64, from: &str, to: Option<&str>) -> Result<(), ApiError> {
    let (Some(sign_in), Some(to)) = (&app.sign_in, to) else { return Ok(()) };
    let copied = sign_in.identities.copy_grants(org_id, from, to).await;
    copied.map_err(|error| identity_error(&error))
}

/// Forgets what is granted on a data source that is gone. Nobody can use it any more, so that a failure waits for an admin.
pub(super) async fn removed(app: &AppState, org_id: i64, uid: &str) {
    let Some(sign_in) = &app.sign_in else { return };
    if let Err(error) = sign_in.identities.remove_grants(org_id, uid).await {
        tracing::error!(target: "wellhead::http", "permissions on {uid:?} of org {org_id} are left over: {error}");
    }
}
