//! Who belongs to an org: the current one, for its admins; any, for server admins.

use super::item::{MemberItem, MemberRole, NewMember};
use crate::api::common::Message;
use crate::auth::{Entry, SignedIn};
use crate::http::{ApiError, BadBody, Conflict, JsonBody, Missing, PathOf, Refused};
use axum::Json;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use wellhead_identity::{Action, Identities, IdentityError};

/// Who was added.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddedMember {
    message: &'static str,
    user_id: i64,
}

/// The members of the current org, by login.
#[utoipa::path(get, path = "/api/org/users", tag = "orgs", operation_id = "listCurrentOrgUsers",
    responses(Refused, Missing, (status = 200, body = [MemberItem])))]
pub(super) async fn list_current(signed_in: SignedIn) -> Result<Json<Vec<MemberItem>>, ApiError> {
    signed_in.may(Action::ReadMembers)?;
    listed(&signed_in, signed_in.client.org_id()).await
}

/// Makes a user a member of the current org.
#[utoipa::path(post, path = "/api/org/users", tag = "orgs", operation_id = "addCurrentOrgUser",
    request_body = NewMember, responses(Refused, Missing, BadBody, Conflict, (status = 200, body = AddedMember)))]
pub(super) async fn add_current(
    signed_in: SignedIn,
    JsonBody(new): JsonBody<NewMember>,
) -> Result<Json<AddedMember>, ApiError> {
    signed_in.may(Action::WriteMembers)?;
    added(&signed_in, signed_in.client.org_id(), new).await
}

/// Changes what a member of the current org is.
#[utoipa::path(patch, path = "/api/org/users/{id}", tag = "orgs", operation_id = "updateCurrentOrgUser",
    params(("id" = i64, Path)), request_body = MemberRole,
    responses(Refused, Missing, BadBody, (status = 200, body = Message)))]
pub(super) async fn update_current(
    signed_in: SignedIn,
    PathOf(user_id): PathOf<i64>,
    JsonBody(role): JsonBody<MemberRole>,
) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteMembers)?;
    updated(&signed_in, signed_in.client.org_id(), user_id, role).await
}

/// Takes a user out of the current org.
#[utoipa::path(delete, path = "/api/org/users/{id}", tag = "orgs", operation_id = "removeCurrentOrgUser",
    params(("id" = i64, Path)), responses(Refused, Missing, (status = 200, body = Message)))]
pub(super) async fn remove_current(
    signed_in: SignedIn,
    PathOf(user_id): PathOf<i64>,
) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteMembers)?;
    removed(&signed_in, signed_in.client.org_id(), user_id).await
}

/// The members of an org, by login.
#[utoipa::path(get, path = "/api/orgs/{id}/users", tag = "orgs", operation_id = "listOrgUsers",
    params(("id" = i64, Path)), responses(Refused, Missing, (status = 200, body = [MemberItem])))]
pub(super) async fn list(signed_in: SignedIn, PathOf(org_id): PathOf<i64>) -> Result<Json<Vec<MemberItem>>, ApiError> {
    signed_in.may(Action::ReadOrgs)?;
    listed(&signed_in, org_id).await
}

/// Makes a user a member of an org.
#[utoipa::path(post, path = "/api/orgs/{id}/users", tag = "orgs", operation_id = "addOrgUser",
    params(("id" = i64, Path)), request_body = NewMember,
    responses(Refused, Missing, BadBody, Conflict, (status = 200, body = AddedMember)))]
pub(super) async fn add(
    signed_in: SignedIn,
    PathOf(org_id): PathOf<i64>,
    JsonBody(new): JsonBody<NewMember>,
) -> Result<Json<AddedMember>, ApiError> {
    signed_in.may(Action::WriteOrgs)?;
    added(&signed_in, org_id, new).await
}

/// Changes what a member of an org is.
#[utoipa::path(patch, path = "/api/orgs/{id}/users/{userId}", tag = "orgs", operation_id = "updateOrgUser",
    params(("id" = i64, Path), ("userId" = i64, Path)), request_body = MemberRole,
    responses(Refused, Missing, BadBody, (status = 200, body = Message)))]
pub(super) async fn update(
    signed_in: SignedIn,
    PathOf((org_id, user_id)): PathOf<(i64, i64)>,
    JsonBody(role): JsonBody<MemberRole>,
) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteOrgs)?;
    updated(&signed_in, org_id, user_id, role).await
}

/// Takes a user out of an org.
#[utoipa::path(delete, path = "/api/orgs/{id}/users/{userId}", tag = "orgs", operation_id = "removeOrgUser",
    params(("id" = i64, Path), ("userId" = i64, Path)),
    responses(Refused, Missing, (status = 200, body = Message)))]
pub(super) async fn remove(
    signed_in: SignedIn,
    PathOf((org_id, user_id)): PathOf<(i64, i64)>,
) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteOrgs)?;
    removed(&signed_in, org_id, user_id).await
}

async fn listed(signed_in: &SignedIn, org_id: i64) -> Result<Json<Vec<MemberItem>>, ApiError> {
    let now = Timestamp::now();
    let members = signed_in.identities().members(org_id).await?;
    Ok(Json(members.into_iter().map(|member| MemberItem::new(org_id, member, now)).collect()))
}

async fn added(signed_in: &SignedIn, org_id: i64, new: NewMember) -> Result<Json<AddedMember>, ApiError> {
    let NewMember { login_or_email, role } = new;
    let user_id = signed_in.identities().user_by_login_or_email(&login_or_email)?.id;
    let org = org_id.to_string();
    let details = [("org", org.as_str()), ("role", role.as_str())];
    let entry = Entry { action: "member.add", target: user_id.to_string(), details: &details };
    signed_in.change(entry, |identities| async move { identities.add_member(org_id, user_id, role).await }).await?;
    Ok(Json(AddedMember { message: "User added to organization", user_id }))
}

async fn updated(
    signed_in: &SignedIn,
    org_id: i64,
    user_id: i64,
    MemberRole { role }: MemberRole,
) -> Result<Json<Message>, ApiError> {
    let org = org_id.to_string();
    let details = [("org", org.as_str()), ("role", role.as_str())];
    let entry = Entry { action: "member.update", target: user_id.to_string(), details: &details };
    let change = |identities: Identities| async move {
        identities.set_member_role(org_id, user_id, role).await.map_err(|error| match error {
            IdentityError::LastAdmin { .. } => {
                let message = "Cannot change role so that there is no organization admin left";
                ApiError::new(StatusCode::BAD_REQUEST, message).with_detail(error.to_string())
            }
            other => other.into(),
        })
    };
    signed_in.change(entry, change).await?;
    Ok(Json(Message { message: "Organization user updated" }))
}

async fn removed(signed_in: &SignedIn, org_id: i64, user_id: i64) -> Result<Json<Message>, ApiError> {
    let org = org_id.to_string();
    let details = [("org", org.as_str())];
    let entry = Entry { action: "member.remove", target: user_id.to_string(), details: &details };
    signed_in.change(entry, |identities| async move { identities.remove_member(org_id, user_id).await }).await?;
    Ok(Json(Message { message: "User removed from organization" }))
}
