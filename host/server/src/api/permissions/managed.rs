//! Permissions in the shape of Grafana since 10.2: by name, set grantee by grantee.

use super::change::{self, Change, OPEN, Start};
use super::current::{administered, grants};
use super::grantee::{self, Shown};
use crate::api::common::{Message, RoleName};
use crate::auth::SignedIn;
use crate::http::{ApiError, BadBody, JsonBody, Missing, PathOf, Refused, Segment};
use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wellhead_identity::{Grant, Grantee, Permission, Role};

/// What one grantee may do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResourcePermission {
    /// 0 for what is so because nothing was ever set.
    id: i64,
    is_managed: bool,
    is_inherited: bool,
    is_service_account: bool,
    /// A user's or a service account's.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_login: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RoleName>)]
    built_in_role: Option<Role>,
    actions: Vec<&'static str>,
    /// `Query`, `Edit` or `Admin`.
    permission: &'static str,
}

/// What a grantee is to be able to do.
#[derive(Deserialize, ToSchema)]
pub(super) struct PermissionName {
    /// `Query`, `Edit` or `Admin`; empty takes away.
    permission: String,
}

/// What several grantees are to be able to do.
#[derive(Deserialize, ToSchema)]
pub(super) struct PermissionList {
    permissions: Vec<OnePermission>,
}

/// What one of them is to be able to do.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OnePermission {
    /// A user's or a service account's.
    user_id: Option<i64>,
    /// There are no teams: 404.
    team_id: Option<i64>,
    /// `Viewer`, `Editor` or `Admin`; empty where it is a user.
    built_in_role: Option<String>,
    /// `Query`, `Edit` or `Admin`; empty takes away.
    permission: String,
}

/// Who may do what with a data source.
#[utoipa::path(get, path = "/api/access-control/datasources/{uid}", tag = "permissions",
    operation_id = "getResourcePermissions", params(("uid" = String, Path)),
    responses(Refused, Missing, (status = 200, body = [ResourcePermission])))]
pub(super) async fn list(
    signed_in: SignedIn,
    Segment(uid): Segment,
) -> Result<Json<Vec<ResourcePermission>>, ApiError> {
    let source = administered(&signed_in, uid).await?;
    let mut grants = grants(&signed_in, &source)?;
    if grants.is_empty() {
        grants.extend(OPEN.map(|(grantee, permission)| Grant { id: 0, grantee, permission }));
    }
    let item = |grant: Grant| {
        let shown = Shown::new(signed_in.identities(), source.org_id, grant.grantee)?;
        Ok(ResourcePermission {
            id: grant.id,
            is_managed: grant.id != 0,
            is_inherited: grant.id == 0,
            is_service_account: shown.is_service_account,
            user_id: shown.user_id,
            user_login: shown.login,
            built_in_role: shown.role,
            actions: actions(grant.permission),
            permission: grant.permission.as_str(),
        })
    };
    grants.into_iter().map(item).collect::<Result<_, _>>().map(Json)
}

/// Sets what several grantees may do, all or none of it.
#[utoipa::path(post, path = "/api/access-control/datasources/{uid}", tag = "permissions",
    operation_id = "setResourcePermissions", params(("uid" = String, Path)), request_body = PermissionList,
    responses(Refused, Missing, BadBody, (status = 200, body = Message)))]
pub(super) async fn set(
    signed_in: SignedIn,
    Segment(uid): Segment,
    JsonBody(PermissionList { permissions }): JsonBody<PermissionList>,
) -> Result<Json<Message>, ApiError> {
    let source = administered(&signed_in, uid).await?;
    let change = |one: OnePermission| -> Result<Change, ApiError> {
        let role = one.built_in_role.filter(|role| !role.is_empty()).map(|role| role.parse()).transpose()?;
        Ok((grantee::named(&signed_in, one.user_id, None, one.team_id, role)?, parsed(&one.permission)?))
    };
    let changes = permissions.into_iter().map(change).collect::<Result<_, _>>()?;
    change::set(&signed_in, &source, Start::Open, changes).await?;
    Ok(Json(Message { message: "Permissions updated" }))
}

/// Sets what a user or service account may do.
#[utoipa::path(post, path = "/api/access-control/datasources/{uid}/users/{userId}", tag = "permissions",
    operation_id = "setResourcePermissionsForUser", params(("uid" = String, Path), ("userId" = i64, Path)),
    request_body = PermissionName, responses(Refused, Missing, BadBody, (status = 200, body = Message)))]
pub(super) async fn set_user(
    signed_in: SignedIn,
    PathOf((uid, id)): PathOf<(String, i64)>,
    JsonBody(PermissionName { permission }): JsonBody<PermissionName>,
) -> Result<Json<Message>, ApiError> {
    let source = administered(&signed_in, uid).await?;
    let change = (grantee::principal(&signed_in, id)?, parsed(&permission)?);
    one_set(change, change::set(&signed_in, &source, Start::Open, vec![change]).await)
}

/// Sets what everybody who has a role may do.
#[utoipa::path(post, path = "/api/access-control/datasources/{uid}/builtInRoles/{role}", tag = "permissions",
    operation_id = "setResourcePermissionsForBuiltInRole",
    params(("uid" = String, Path), ("role" = RoleName, Path)), request_body = PermissionName,
    responses(Refused, Missing, BadBody, (status = 200, body = Message)))]
pub(super) async fn set_role(
    signed_in: SignedIn,
    PathOf((uid, role)): PathOf<(String, String)>,
    JsonBody(PermissionName { permission }): JsonBody<PermissionName>,
) -> Result<Json<Message>, ApiError> {
    let source = administered(&signed_in, uid).await?;
    let change = (Grantee::Role(role.parse()?), parsed(&permission)?);
    one_set(change, change::set(&signed_in, &source, Start::Open, vec![change]).await)
}

/// There are no teams: 404.
#[utoipa::path(post, path = "/api/access-control/datasources/{uid}/teams/{teamId}", tag = "permissions",
    operation_id = "setResourcePermissionsForTeam", params(("uid" = String, Path), ("teamId" = i64, Path)),
    responses(Refused, Missing))]
pub(super) async fn set_team(
    signed_in: SignedIn,
    PathOf((uid, id)): PathOf<(String, i64)>,
) -> Result<Json<Message>, ApiError> {
    administered(&signed_in, uid).await?;
    Err(grantee::no_teams(id))
}

fn one_set((_, permission): Change, set: Result<Vec<Grant>, ApiError>) -> Result<Json<Message>, ApiError> {
    set?;
    Ok(Json(Message { message: if permission.is_some() { "Permission updated" } else { "Permission removed" } }))
}

fn parsed(permission: &str) -> Result<Option<Permission>, ApiError> {
    if permission.is_empty() {
        return Ok(None);
    }
    Ok(Some(permission.parse()?))
}

/// Grafana's names of what a permission allows.
fn actions(permission: Permission) -> Vec<&'static str> {
    let mut actions = vec!["datasources:read", "datasources:query"];
    if permission >= Permission::Edit {
        actions.push("datasources:write");
    }
    if permission >= Permission::Admin {
        actions.extend(["datasources.permissions:read", "datasources.permissions:write"]);
    }
    actions
}
