//! Users page by page.

use super::item::UserListItem;
use crate::api::common::{QueryOf, SearchParams};
use crate::auth::SignedIn;
use crate::http::{ApiError, Missing, Refused};
use axum::Json;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use wellhead_identity::{Action, Page, User};

/// A page of users.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserPage {
    /// On all pages.
    total_count: usize,
    users: Vec<UserListItem>,
    page: usize,
    per_page: usize,
}

/// Users by login: those whose login, email or name contains the query.
#[utoipa::path(get, path = "/api/users", tag = "users", operation_id = "listUsers", params(SearchParams),
    responses(Refused, Missing, (status = 200, body = [UserListItem])))]
pub(super) async fn list(
    signed_in: SignedIn,
    QueryOf(params): QueryOf<SearchParams>,
) -> Result<Json<Vec<UserListItem>>, ApiError> {
    Ok(Json(items(page(&signed_in, params).await?.items)))
}

/// As the list, with how many there are.
#[utoipa::path(get, path = "/api/users/search", tag = "users", operation_id = "searchUsers", params(SearchParams),
    responses(Refused, Missing, (status = 200, body = UserPage)))]
pub(super) async fn search(
    signed_in: SignedIn,
    QueryOf(params): QueryOf<SearchParams>,
) -> Result<Json<UserPage>, ApiError> {
    let Page { items: users, total, page, per_page } = page(&signed_in, params).await?;
    Ok(Json(UserPage { total_count: total, users: items(users), page, per_page }))
}

async fn page(signed_in: &SignedIn, params: SearchParams) -> Result<Page<User>, ApiError> {
    signed_in.may(Action::ReadUsers)?;
    Ok(signed_in.identities().search_users(params.search()).await?)
}

fn items(users: Vec<User>) -> Vec<UserListItem> {
    let now = Timestamp::now();
    users.into_iter().map(|user| UserListItem::new(user, now)).collect()
}
