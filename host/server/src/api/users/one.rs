//! One user, as a server admin reads and changes it.

use super::item::{Lookup, UserCommand, UserItem, UserOrg};
use super::own::{switched, updated};
use crate::api::common::{Message, QueryOf};
use crate::auth::SignedIn;
use crate::http::{ApiError, BadBody, Conflict, JsonBody, Missing, PathOf, Refused};
use axum::Json;
use wellhead_identity::Action;

/// The user with this id.
#[utoipa::path(get, path = "/api/users/{id}", tag = "users", operation_id = "getUser", params(("id" = i64, Path)),
    responses(Refused, Missing, (status = 200, body = UserItem)))]
pub(super) async fn get(signed_in: SignedIn, PathOf(id): PathOf<i64>) -> Result<Json<UserItem>, ApiError> {
    signed_in.may(Action::ReadUsers)?;
    Ok(Json(signed_in.identities().user(id)?.into()))
}

/// The user with this login or email, without regard to case.
#[utoipa::path(get, path = "/api/users/lookup", tag = "users", operation_id = "lookUpUser", params(Lookup),
    responses(Refused, Missing, (status = 200, body = UserItem)))]
pub(super) async fn lookup(
    signed_in: SignedIn,
    QueryOf(Lookup { login_or_email }): QueryOf<Lookup>,
) -> Result<Json<UserItem>, ApiError> {
    signed_in.may(Action::ReadUsers)?;
    Ok(Json(signed_in.identities().user_by_login_or_email(&login_or_email)?.into()))
}

/// Changes login, email or name of a user.
#[utoipa::path(put, path = "/api/users/{id}", tag = "users", operation_id = "updateUser", params(("id" = i64, Path)),
    request_body = UserCommand, responses(Refused, Missing, BadBody, Conflict, (status = 200, body = Message)))]
pub(super) async fn update(
    signed_in: SignedIn,
    PathOf(id): PathOf<i64>,
    JsonBody(command): JsonBody<UserCommand>,
) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteUsers)?;
    updated(&signed_in, id, command).await
}

/// The orgs that a user belongs to.
#[utoipa::path(get, path = "/api/users/{id}/orgs", tag = "users", operation_id = "listUserOrgs",
    params(("id" = i64, Path)), responses(Refused, Missing, (status = 200, body = [UserOrg])))]
pub(super) async fn orgs(signed_in: SignedIn, PathOf(id): PathOf<i64>) -> Result<Json<Vec<UserOrg>>, ApiError> {
    signed_in.may(Action::ReadUsers)?;
    let memberships = signed_in.identities().memberships(id).await?;
    Ok(Json(memberships.into_iter().map(UserOrg::from).collect()))
}

/// Sets the org that is meant where a request of the user names none.
#[utoipa::path(post, path = "/api/users/{id}/using/{orgId}", tag = "users", operation_id = "switchUserOrg",
    params(("id" = i64, Path), ("orgId" = i64, Path)),
    responses(Refused, Missing, (status = 200, body = Message)))]
pub(super) async fn switch_org(
    signed_in: SignedIn,
    PathOf((id, org_id)): PathOf<(i64, i64)>,
) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteUsers)?;
    signed_in.identities().user(id)?;
    switched(&signed_in, id, org_id).await
}
