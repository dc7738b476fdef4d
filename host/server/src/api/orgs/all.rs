//! Every org: for server admins.

use super::current::renamed;
use super::item::{OrgItem, OrgName};
use crate::api::common::{Message, QueryOf, SearchParams};
use crate::auth::{Entry, SignedIn};
use crate::http::{ApiError, BadBody, Conflict, JsonBody, Missing, PathOf, Refused, Segment};
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use wellhead_identity::Action;

/// What was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedOrg {
    org_id: i64,
    message: &'static str,
}

/// Orgs by name.
#[utoipa::path(get, path = "/api/orgs", tag = "orgs", operation_id = "listOrgs", params(SearchParams),
    responses(Refused, Missing, (status = 200, body = [OrgItem])))]
pub(super) async fn list(
    signed_in: SignedIn,
    QueryOf(params): QueryOf<SearchParams>,
) -> Result<Json<Vec<OrgItem>>, ApiError> {
    signed_in.may(Action::ReadOrgs)?;
    let page = signed_in.identities().search_orgs(params.search()).await?;
    Ok(Json(page.items.into_iter().map(OrgItem::from).collect()))
}

/// Makes an org. The user who does so becomes its admin.
#[utoipa::path(post, path = "/api/orgs", tag = "orgs", operation_id = "createOrg", request_body = OrgName,
    responses(Refused, Missing, BadBody, Conflict, (status = 200, body = CreatedOrg)))]
pub(super) async fn create(
    signed_in: SignedIn,
    JsonBody(OrgName { name }): JsonBody<OrgName>,
) -> Result<Json<CreatedOrg>, ApiError> {
    signed_in.may(Action::WriteOrgs)?;
    let creator = signed_in.client.identity.user_id();
    let entry = Entry { action: "org.create", target: name.clone(), details: &[] };
    let org = signed_in.change(entry, |identities| async move { identities.create_org(&name, creator).await }).await?;
    Ok(Json(CreatedOrg { org_id: org.id, message: "Organization created" }))
}

/// One org.
#[utoipa::path(get, path = "/api/orgs/{id}", tag = "orgs", operation_id = "getOrg", params(("id" = i64, Path)),
    responses(Refused, Missing, (status = 200, body = OrgItem)))]
pub(super) async fn by_id(signed_in: SignedIn, PathOf(id): PathOf<i64>) -> Result<Json<OrgItem>, ApiError> {
    signed_in.may(Action::ReadOrgs)?;
    Ok(Json(signed_in.identities().org(id)?.into()))
}

/// One org, by its name.
#[utoipa::path(get, path = "/api/orgs/name/{name}", tag = "orgs", operation_id = "getOrgByName",
    params(("name" = String, Path)), responses(Refused, Missing, (status = 200, body = OrgItem)))]
pub(super) async fn by_name(signed_in: SignedIn, Segment(name): Segment) -> Result<Json<OrgItem>, ApiError> {
    signed_in.may(Action::ReadOrgs)?;
    Ok(Json(signed_in.identities().org_by_name(&name)?.into()))
}

/// Renames an org.
#[utoipa::path(put, path = "/api/orgs/{id}", tag = "orgs", operation_id = "updateOrg", params(("id" = i64, Path)),
    request_body = OrgName, responses(Refused, Missing, BadBody, Conflict, (status = 200, body = Message)))]
pub(super) async fn rename(
    signed_in: SignedIn,
    PathOf(id): PathOf<i64>,
    JsonBody(OrgName { name }): JsonBody<OrgName>,
) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteOrgs)?;
    renamed(&signed_in, id, name).await
}
