//! The caller's own profile, orgs and password. Service accounts have none.

use super::item::{UserCommand, UserItem, UserOrg};
use crate::api::common::Message;
use crate::auth::{Entry, SignedIn, auth_error};
use crate::http::{ApiError, BadBody, Conflict, JsonBody, Missing, PathOf, Refused};
use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use wellhead_identity::{Action, Identities, IdentityError, SecretText};

/// An old password and a new one.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PasswordChange {
    old_password: String,
    new_password: String,
    /// The new one once more, if it is sent.
    confirm_new: Option<String>,
}

/// The caller.
#[utoipa::path(get, path = "/api/user", tag = "users", operation_id = "getOwnUser",
    responses(Refused, Missing, (status = 200, body = UserItem)))]
pub(super) async fn get(signed_in: SignedIn) -> Result<Json<UserItem>, ApiError> {
    let id = own_id(&signed_in)?;
    Ok(Json(signed_in.identities().user(id)?.into()))
}

/// Changes the caller's login, email or name.
#[utoipa::path(put, path = "/api/user", tag = "users", operation_id = "updateOwnUser", request_body = UserCommand,
    responses(Refused, Missing, BadBody, Conflict, (status = 200, body = Message)))]
pub(super) async fn update(
    signed_in: SignedIn,
    JsonBody(command): JsonBody<UserCommand>,
) -> Result<Json<Message>, ApiError> {
    let id = own_id(&signed_in)?;
    updated(&signed_in, id, command).await
}

/// The orgs that the caller belongs to.
#[utoipa::path(get, path = "/api/user/orgs", tag = "users", operation_id = "listOwnOrgs",
    responses(Refused, Missing, (status = 200, body = [UserOrg])))]
pub(super) async fn orgs(signed_in: SignedIn) -> Result<Json<Vec<UserOrg>>, ApiError> {
    let memberships = signed_in.identities().memberships(own_id(&signed_in)?).await?;
    Ok(Json(memberships.into_iter().map(UserOrg::from).collect()))
}

/// Sets the org that is meant where a request of the caller names none.
#[utoipa::path(post, path = "/api/user/using/{id}", tag = "users", operation_id = "switchOwnOrg",
    params(("id" = i64, Path)), responses(Refused, Missing, (status = 200, body = Message)))]
pub(super) async fn switch_org(signed_in: SignedIn, PathOf(org_id): PathOf<i64>) -> Result<Json<Message>, ApiError> {
    let id = own_id(&signed_in)?;
    switched(&signed_in, id, org_id).await
}

/// Sets a new password for a caller who knows the old one.
#[utoipa::path(put, path = "/api/user/password", tag = "users", operation_id = "changeOwnPassword",
    request_body = PasswordChange, responses(Refused, Missing, BadBody, (status = 200, body = Message)))]
pub(super) async fn change_password(
    signed_in: SignedIn,
    JsonBody(change): JsonBody<PasswordChange>,
) -> Result<Json<Message>, ApiError> {
    let id = own_id(&signed_in)?;
    let (old, new) = (SecretText::from(change.old_password), SecretText::from(change.new_password));
    let confirmed = change.confirm_new.map(SecretText::from);
    if confirmed.is_some_and(|confirmed| confirmed.expose() != new.expose()) {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "newPassword and confirmNew differ: send the same"));
    }
    let entry = Entry { action: "user.password", target: id.to_string(), details: &[] };
    let (authenticator, client) = (signed_in.authenticator().clone(), signed_in.client.address());
    let work = |_| async move {
        let changed = authenticator.change_password(id, old.expose(), new.expose(), client).await;
        changed.map_err(|error| auth_error(&error))
    };
    signed_in.change(entry, work).await?;
    Ok(Json(Message { message: "User password changed" }))
}

fn own_id(signed_in: &SignedIn) -> Result<i64, ApiError> {
    signed_in.may(Action::OwnProfile)?;
    // Only users have a profile of their own.
    signed_in.client.identity.user_id().ok_or_else(ApiError::internal)
}

pub(super) async fn updated(signed_in: &SignedIn, id: i64, command: UserCommand) -> Result<Json<Message>, ApiError> {
    let entry = Entry { action: "user.update", target: id.to_string(), details: &[] };
    signed_in.change(entry, |identities| async move { identities.update_user(id, command.into()).await }).await?;
    Ok(Json(Message { message: "User updated" }))
}

pub(super) async fn switched(signed_in: &SignedIn, id: i64, org_id: i64) -> Result<Json<Message>, ApiError> {
    let org = org_id.to_string();
    let details = [("org", org.as_str())];
    let entry = Entry { action: "user.using", target: id.to_string(), details: &details };
    let work = |identities: Identities| async move {
        identities.set_current_org(id, org_id).await.map_err(|error| match error {
            IdentityError::NotFound { .. } => {
                ApiError::new(StatusCode::UNAUTHORIZED, "Not a valid organization").with_detail(error.to_string())
            }
            other => other.into(),
        })
    };
    signed_in.change(entry, work).await?;
    Ok(Json(Message { message: "Active organization changed" }))
}
