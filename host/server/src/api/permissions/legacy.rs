//! Permissions in the shape of Grafana up to 10.2: numbered 1, 2 and 4.

use super::change::{self, Start};
use super::current::{administered, grants};
use super::grantee::{self, Shown};
use crate::api::common::{Message, RoleName};
use crate::auth::SignedIn;
use crate::http::{ApiError, BadBody, JsonBody, Missing, PathOf, Refused, Segment};
use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wellhead_identity::{Permission, Role};

/// Who may do what with a data source.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DataSourcePermissions {
    datasource_id: i64,
    /// Whether only those named may use it.
    enabled: bool,
    permissions: Vec<DataSourcePermission>,
}

/// What one grantee may do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DataSourcePermission {
    id: i64,
    datasource_id: i64,
    /// A user's or a service account's.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_login: Option<String>,
    is_service_account: bool,
    team_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RoleName>)]
    built_in_role: Option<Role>,
    /// 1, 2 or 4.
    permission: i64,
    /// `Query`, `Edit` or `Admin`.
    permission_name: &'static str,
}

/// What one grantee is to be able to do.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPermission {
    /// A user's or a service account's.
    user_id: Option<i64>,
    service_account_id: Option<i64>,
    /// There are no teams: 404.
    team_id: Option<i64>,
    #[schema(value_type = Option<RoleName>)]
    built_in_role: Option<Role>,
    /// 1 is Query, 2 Edit, 4 Admin.
    permission: i64,
}

/// Who may do what with a data source. With nobody named every member of the org may query it.
#[utoipa::path(get, path = "/api/datasources/uid/{uid}/permissions", tag = "permissions",
    operation_id = "listDataSourcePermissions", params(("uid" = String, Path)),
    responses(Refused, Missing, (status = 200, body = DataSourcePermissions)))]
pub(super) async fn list(signed_in: SignedIn, Segment(uid): Segment) -> Result<Json<DataSourcePermissions>, ApiError> {
    let source = administered(&signed_in, uid).await?;
    let mut permissions = Vec::new();
    for grant in grants(&signed_in, &source)? {
        let shown = Shown::new(signed_in.identities(), source.org_id, grant.grantee)?;
        permissions.push(DataSourcePermission {
            id: grant.id,
            datasource_id: source.id,
            user_id: shown.user_id,
            user_login: shown.login,
            is_service_account: shown.is_service_account,
            team_id: 0,
            built_in_role: shown.role,
            permission: grant.permission.number(),
            permission_name: grant.permission.as_str(),
        });
    }
    Ok(Json(DataSourcePermissions { datasource_id: source.id, enabled: !permissions.is_empty(), permissions }))
}

/// Grants something. From the first grant on only those named may use the data source, and the org's admins.
#[utoipa::path(post, path = "/api/datasources/uid/{uid}/permissions", tag = "permissions",
    operation_id = "addDataSourcePermission", params(("uid" = String, Path)), request_body = NewPermission,
    responses(Refused, Missing, BadBody, (status = 200, body = Message)))]
pub(super) async fn add(
    signed_in: SignedIn,
    Segment(uid): Segment,
    JsonBody(new): JsonBody<NewPermission>,
) -> Result<Json<Message>, ApiError> {
    let source = administered(&signed_in, uid).await?;
    let permission = Permission::from_number(new.permission).ok_or_else(|| {
        let detail = format!("permission is {}: choose 1 (Query), 2 (Edit) or 4 (Admin)", new.permission);
        ApiError::new(StatusCode::BAD_REQUEST, "bad request data").with_detail(detail)
    })?;
    let grantee = grantee::named(&signed_in, new.user_id, new.service_account_id, new.team_id, new.built_in_role)?;
    change::set(&signed_in, &source, Start::Closed, vec![(grantee, Some(permission))]).await?;
    Ok(Json(Message { message: "Datasource permission added" }))
}

/// Takes a grant away. That of the admins goes last; without any, every member of the org may query again.
#[utoipa::path(delete, path = "/api/datasources/uid/{uid}/permissions/{permissionId}", tag = "permissions",
    operation_id = "removeDataSourcePermission", params(("uid" = String, Path), ("permissionId" = i64, Path)),
    responses(Refused, Missing, (status = 200, body = Message)))]
pub(super) async fn remove(
    signed_in: SignedIn,
    PathOf((uid, id)): PathOf<(String, i64)>,
) -> Result<Json<Message>, ApiError> {
    let source = administered(&signed_in, uid).await?;
    change::remove(&signed_in, &source, id).await?;
    Ok(Json(Message { message: "Datasource permission removed" }))
}
