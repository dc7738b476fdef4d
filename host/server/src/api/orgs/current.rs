//! The org that the request is for.

use super::item::{OrgItem, OrgName};
use crate::api::common::Message;
use crate::auth::{Client, Entry, SignedIn};
use crate::http::{ApiError, BadBody, Conflict, JsonBody, Missing, Refused};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use wellhead_identity::Action;

/// The current org.
#[utoipa::path(get, path = "/api/org", tag = "orgs", operation_id = "getCurrentOrg",
    responses(Refused, Missing, (status = 200, body = OrgItem)))]
pub(super) async fn get(State(app): State<AppState>, client: Client) -> Result<Json<OrgItem>, ApiError> {
    client.may(Action::ReadOrg)?;
    let id = client.org_id();
    let Some(sign_in) = &app.sign_in else {
        // Without sign-in orgs are numbers; clients ask for a name all the same, and the first bears Grafana's.
        let name = if id == 1 { "Main Org.".to_owned() } else { format!("Org {id}") };
        return Ok(Json(OrgItem { id, name }));
    };
    Ok(Json(sign_in.identities.org(id)?.into()))
}

/// Renames the current org.
#[utoipa::path(put, path = "/api/org", tag = "orgs", operation_id = "updateCurrentOrg", request_body = OrgName,
    responses(Refused, Missing, BadBody, Conflict, (status = 200, body = Message)))]
pub(super) async fn rename(
    signed_in: SignedIn,
    JsonBody(OrgName { name }): JsonBody<OrgName>,
) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteOrg)?;
    renamed(&signed_in, signed_in.client.org_id(), name).await
}

pub(super) async fn renamed(signed_in: &SignedIn, id: i64, name: String) -> Result<Json<Message>, ApiError> {
    let details = [("name", name.as_str())];
    let entry = Entry { action: "org.update", target: id.to_string(), details: &details };
    let to = name.clone();
    signed_in.change(entry, |identities| async move { identities.rename_org(id, &to).await }).await?;
    Ok(Json(Message { message: "Organization updated" }))
}
