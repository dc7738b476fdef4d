//! Service accounts made, found, changed and deleted.

use super::item::AccountItem;
use crate::api::common::{Message, QueryOf, RoleName, SearchParams};
use crate::auth::{Entry, SignedIn};
use crate::http::{ApiError, BadBody, JsonBody, Missing, PathOf, Refused};
use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wellhead_identity::{Action, Identities, NewServiceAccount, Role, ServiceAccountUpdate};

/// A service account that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewServiceAccount)]
pub(super) struct NewAccount {
    /// Unique within the org; up to 190 characters.
    name: String,
    /// A viewer where it is missing.
    #[schema(value_type = Option<RoleName>)]
    role: Option<Role>,
    is_disabled: Option<bool>,
}

/// What is to change of a service account; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceAccountUpdate)]
pub(super) struct AccountUpdate {
    name: Option<String>,
    #[schema(value_type = Option<RoleName>)]
    role: Option<Role>,
    is_disabled: Option<bool>,
}

/// What became of a service account.
#[derive(Serialize, ToSchema)]
pub(super) struct UpdatedAccount {
    message: &'static str,
    id: i64,
    name: String,
    serviceaccount: AccountItem,
}

/// A page of service accounts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountPage {
    /// On all pages.
    total_count: usize,
    service_accounts: Vec<AccountItem>,
    page: usize,
    per_page: usize,
}

/// Makes a service account.
#[utoipa::path(post, path = "/api/serviceaccounts", tag = "service accounts", operation_id = "createServiceAccount",
    request_body = NewAccount, responses(Refused, Missing, BadBody, (status = 201, body = AccountItem)))]
pub(super) async fn create(
    signed_in: SignedIn,
    JsonBody(new): JsonBody<NewAccount>,
) -> Result<(StatusCode, Json<AccountItem>), ApiError> {
    signed_in.may(Action::WriteServiceAccounts)?;
    let new = NewServiceAccount {
        org_id: signed_in.client.org_id(),
        name: new.name,
        role: new.role.unwrap_or_default(),
        is_disabled: new.is_disabled.unwrap_or_default(),
    };
    let details = [("role", new.role.as_str())];
    let entry = Entry { action: "serviceaccount.create", target: new.name.clone(), details: &details };
    let account = signed_in.change(entry, |identities| async move { identities.create_service_account(new).await });
    Ok((StatusCode::CREATED, Json(account.await?.into())))
}

/// Service accounts by name: those whose name or login contains the query.
#[utoipa::path(get, path = "/api/serviceaccounts/search", tag = "service accounts",
    operation_id = "searchServiceAccounts", params(SearchParams),
    responses(Refused, Missing, (status = 200, body = AccountPage)))]
pub(super) async fn search(
    signed_in: SignedIn,
    QueryOf(params): QueryOf<SearchParams>,
) -> Result<Json<AccountPage>, ApiError> {
    signed_in.may(Action::ReadServiceAccounts)?;
    let org_id = signed_in.client.org_id();
    let found = signed_in.identities().search_service_accounts(org_id, params.search()).await?;
    Ok(Json(AccountPage {
        total_count: found.total,
        service_accounts: found.items.into_iter().map(AccountItem::from).collect(),
        page: found.page,
        per_page: found.per_page,
    }))
}

/// One service account.
#[utoipa::path(get, path = "/api/serviceaccounts/{id}", tag = "service accounts", operation_id = "getServiceAccount",
    params(("id" = i64, Path)), responses(Refused, Missing, (status = 200, body = AccountItem)))]
pub(super) async fn get(signed_in: SignedIn, PathOf(id): PathOf<i64>) -> Result<Json<AccountItem>, ApiError> {
    signed_in.may(Action::ReadServiceAccounts)?;
    Ok(Json(signed_in.identities().service_account(signed_in.client.org_id(), id)?.into()))
}

/// Changes a service account. Its login stays.
#[utoipa::path(patch, path = "/api/serviceaccounts/{id}", tag = "service accounts",
    operation_id = "updateServiceAccount", params(("id" = i64, Path)), request_body = AccountUpdate,
    responses(Refused, Missing, BadBody, (status = 200, body = UpdatedAccount)))]
pub(super) async fn update(
    signed_in: SignedIn,
    PathOf(id): PathOf<i64>,
    JsonBody(update): JsonBody<AccountUpdate>,
) -> Result<Json<UpdatedAccount>, ApiError> {
    signed_in.may(Action::WriteServiceAccounts)?;
    let org_id = signed_in.client.org_id();
    let AccountUpdate { name, role, is_disabled } = update;
    let details: Vec<_> = role.iter().map(|role| ("role", role.as_str())).collect();
    let entry = Entry { action: "serviceaccount.update", target: id.to_string(), details: &details };
    let update = ServiceAccountUpdate { name, role, is_disabled };
    let work = |identities: Identities| async move { identities.update_service_account(org_id, id, update).await };
    let account = signed_in.change(entry, work).await?;
    let (message, name) = ("Service account updated", account.name.clone());
    Ok(Json(UpdatedAccount { message, id, name, serviceaccount: account.into() }))
}

/// Deletes a service account with its tokens.
#[utoipa::path(delete, path = "/api/serviceaccounts/{id}", tag = "service accounts",
    operation_id = "deleteServiceAccount", params(("id" = i64, Path)),
    responses(Refused, Missing, (status = 200, body = Message)))]
pub(super) async fn delete(signed_in: SignedIn, PathOf(id): PathOf<i64>) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteServiceAccounts)?;
    let org_id = signed_in.client.org_id();
    let entry = Entry { action: "serviceaccount.delete", target: id.to_string(), details: &[] };
    signed_in.change(entry, |identities| async move { identities.delete_service_account(org_id, id).await }).await?;
    Ok(Json(Message { message: "Service account deleted" }))
}
