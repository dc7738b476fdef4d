//! Tokens of service accounts. The text of one is in one answer and in no other.

use super::item::TokenItem;
use crate::api::common::Message;
use crate::auth::{Entry, SignedIn};
use crate::http::{ApiError, BadBody, JsonBody, Missing, PathOf, Refused};
use axum::Json;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wellhead_identity::{Action, Identities, NewToken};

/// A token that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewToken)]
pub(super) struct TokenBody {
    /// Unique within the service account; up to 190 characters.
    name: String,
    /// 0 or missing: it never expires.
    #[schema(minimum = 0)]
    seconds_to_live: Option<i64>,
}

/// A new token.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedToken {
    id: i64,
    name: String,
    /// Its text, to be sent as a bearer token. It is shown this once.
    key: String,
}

/// The tokens of a service account, by name, with those that have expired.
#[utoipa::path(get, path = "/api/serviceaccounts/{id}/tokens", tag = "service accounts", operation_id = "listTokens",
    params(("id" = i64, Path)), responses(Refused, Missing, (status = 200, body = [TokenItem])))]
pub(super) async fn list(signed_in: SignedIn, PathOf(id): PathOf<i64>) -> Result<Json<Vec<TokenItem>>, ApiError> {
    signed_in.may(Action::ReadServiceAccounts)?;
    let now = Timestamp::now();
    let tokens = signed_in.identities().tokens(signed_in.client.org_id(), id).await?;
    Ok(Json(tokens.into_iter().map(|token| TokenItem::new(token, now)).collect()))
}

/// Makes a token of a service account.
#[utoipa::path(post, path = "/api/serviceaccounts/{id}/tokens", tag = "service accounts",
    operation_id = "createToken", params(("id" = i64, Path)), request_body = TokenBody,
    responses(Refused, Missing, BadBody, (status = 200, body = CreatedToken)))]
pub(super) async fn create(
    signed_in: SignedIn,
    PathOf(id): PathOf<i64>,
    JsonBody(TokenBody { name, seconds_to_live }): JsonBody<TokenBody>,
) -> Result<Json<CreatedToken>, ApiError> {
    signed_in.may(Action::WriteServiceAccounts)?;
    let seconds_to_live = u64::try_from(seconds_to_live.unwrap_or_default()).map_err(|_| {
        let message = "secondsToLive is negative: send 0 for a token that never expires";
        ApiError::new(StatusCode::BAD_REQUEST, message)
    })?;
    let org_id = signed_in.client.org_id();
    let details = [("token", name.as_str())];
    let entry = Entry { action: "serviceaccount.token.create", target: id.to_string(), details: &details };
    let new = NewToken { name: name.clone(), seconds_to_live: Some(seconds_to_live) };
    let work = |identities: Identities| async move { identities.create_token(org_id, id, new).await };
    let (token, text) = signed_in.change(entry, work).await?;
    Ok(Json(CreatedToken { id: token.id, name: token.name, key: text.expose().to_owned() }))
}

/// Revokes a token: the next request with it is refused.
#[utoipa::path(delete, path = "/api/serviceaccounts/{id}/tokens/{tokenId}", tag = "service accounts",
    operation_id = "deleteToken", params(("id" = i64, Path), ("tokenId" = i64, Path)),
    responses(Refused, Missing, (status = 200, body = Message)))]
pub(super) async fn delete(
    signed_in: SignedIn,
    PathOf((id, token_id)): PathOf<(i64, i64)>,
) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteServiceAccounts)?;
    let org_id = signed_in.client.org_id();
    let number = token_id.to_string();
    let details = [("token", number.as_str())];
    let entry = Entry { action: "serviceaccount.token.delete", target: id.to_string(), details: &details };
    signed_in.change(entry, |identities| async move { identities.delete_token(org_id, id, token_id).await }).await?;
    Ok(Json(Message { message: "Service account token deleted" }))
}
