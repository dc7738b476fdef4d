//! Users made, disabled and deleted, by server admins.

use crate::api::common::Message;
use crate::auth::{Entry, SignedIn};
use crate::http::{ApiError, BadBody, ErrorBody, JsonBody, Missing, PathOf, Refused};
use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wellhead_identity::{Action, Entity, Identities, IdentityError, NewUser, SecretText};

/// A user that is to be.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewUser)]
pub(super) struct UserBody {
    /// The email where it is empty.
    login: Option<String>,
    email: Option<String>,
    name: Option<String>,
    /// At least 4 characters.
    password: String,
    /// The org it belongs to, as a viewer; the main one where it is missing or 0.
    #[serde(rename = "OrgId", alias = "orgId")]
    org_id: Option<i64>,
}

/// Who was made.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedUser {
    id: i64,
    message: &'static str,
}

/// A password.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewPassword {
    /// At least 4 characters.
    password: String,
}

/// Whether a user administers the server.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServerPermissions {
    is_grafana_admin: bool,
}

/// Makes a user.
#[utoipa::path(post, path = "/api/admin/users", tag = "users", operation_id = "createUser", request_body = UserBody,
    responses(Refused, Missing, BadBody, (status = 200, body = CreatedUser),
        (status = 412, description = "Another user has that login or email.", body = ErrorBody)))]
pub(super) async fn create(
    signed_in: SignedIn,
    JsonBody(body): JsonBody<UserBody>,
) -> Result<Json<CreatedUser>, ApiError> {
    signed_in.may(Action::WriteUsers)?;
    let mut new = NewUser::new(body.login.unwrap_or_default(), body.password);
    new.email = body.email.unwrap_or_default();
    new.name = body.name.unwrap_or_default();
    new.org_id = body.org_id.filter(|org_id| *org_id != 0).unwrap_or(new.org_id);
    if new.login.is_empty() && new.email.is_empty() {
        let message = "Validation error, need specify either username or email";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, message));
    }
    let target = if new.login.is_empty() { new.email.clone() } else { new.login.clone() };
    let named = format!("User with email '{}' or username '{}' already exists", new.email, new.login);
    let entry = Entry { action: "user.create", target, details: &[] };
    let work = |identities: Identities| async move {
        identities.create_user(new).await.map_err(|error| {
            let (status, message) = match &error {
                IdentityError::Exists { .. } => (StatusCode::PRECONDITION_FAILED, named),
                IdentityError::NotFound { entity: Entity::Org, .. } => {
                    (StatusCode::BAD_REQUEST, "organization not found".to_owned())
                }
                _ => return error.into(),
            };
            ApiError::new(status, message).with_detail(error.to_string())
        })
    };
    let user = signed_in.change(entry, work).await?;
    Ok(Json(CreatedUser { id: user.id, message: "User created" }))
}

/// Deletes a user, with what it was granted.
#[utoipa::path(delete, path = "/api/admin/users/{id}", tag = "users", operation_id = "deleteUser",
    params(("id" = i64, Path)), responses(Refused, Missing, (status = 200, body = Message)))]
pub(super) async fn delete(signed_in: SignedIn, PathOf(id): PathOf<i64>) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteUsers)?;
    let entry = Entry { action: "user.delete", target: id.to_string(), details: &[] };
    signed_in.change(entry, |identities| async move { identities.delete_user(id).await }).await?;
    Ok(Json(Message { message: "User deleted" }))
}

/// Sets a user's password.
#[utoipa::path(put, path = "/api/admin/users/{id}/password", tag = "users", operation_id = "setUserPassword",
    params(("id" = i64, Path)), request_body = NewPassword,
    responses(Refused, Missing, BadBody, (status = 200, body = Message)))]
pub(super) async fn set_password(
    signed_in: SignedIn,
    PathOf(id): PathOf<i64>,
    JsonBody(NewPassword { password }): JsonBody<NewPassword>,
) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteUsers)?;
    let password = SecretText::from(password);
    let entry = Entry { action: "user.password", target: id.to_string(), details: &[] };
    let work = |identities: Identities| async move { identities.set_password(id, password.expose()).await };
    signed_in.change(entry, work).await?;
    Ok(Json(Message { message: "User password updated" }))
}

/// Makes a user a server admin, or no longer one.
#[utoipa::path(put, path = "/api/admin/users/{id}/permissions", tag = "users", operation_id = "setUserPermissions",
    params(("id" = i64, Path)), request_body = ServerPermissions,
    responses(Refused, Missing, BadBody, (status = 200, body = Message)))]
pub(super) async fn set_permissions(
    signed_in: SignedIn,
    PathOf(id): PathOf<i64>,
    JsonBody(ServerPermissions { is_grafana_admin }): JsonBody<ServerPermissions>,
) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteUsers)?;
    let details = [("isGrafanaAdmin", if is_grafana_admin { "true" } else { "false" })];
    let entry = Entry { action: "user.permissions", target: id.to_string(), details: &details };
    let work = |identities: Identities| async move { identities.set_server_admin(id, is_grafana_admin).await };
    signed_in.change(entry, work).await?;
    Ok(Json(Message { message: "User permissions updated" }))
}

/// Lets a user sign in again.
#[utoipa::path(post, path = "/api/admin/users/{id}/enable", tag = "users", operation_id = "enableUser",
    params(("id" = i64, Path)), responses(Refused, Missing, (status = 200, body = Message)))]
pub(super) async fn enable(signed_in: SignedIn, PathOf(id): PathOf<i64>) -> Result<Json<Message>, ApiError> {
    set_disabled(&signed_in, id, false).await?;
    Ok(Json(Message { message: "User enabled" }))
}

/// Refuses a user to sign in.
#[utoipa::path(post, path = "/api/admin/users/{id}/disable", tag = "users", operation_id = "disableUser",
    params(("id" = i64, Path)), responses(Refused, Missing, (status = 200, body = Message)))]
pub(super) async fn disable(signed_in: SignedIn, PathOf(id): PathOf<i64>) -> Result<Json<Message>, ApiError> {
    set_disabled(&signed_in, id, true).await?;
    Ok(Json(Message { message: "User disabled" }))
}

async fn set_disabled(signed_in: &SignedIn, id: i64, is_disabled: bool) -> Result<(), ApiError> {
    signed_in.may(Action::WriteUsers)?;
    let action = if is_disabled { "user.disable" } else { "user.enable" };
    let entry = Entry { action, target: id.to_string(), details: &[] };
    signed_in.change(entry, |identities| async move { identities.set_disabled(id, is_disabled).await }).await?;
    Ok(())
}
