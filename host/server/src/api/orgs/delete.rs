//! An org goes with all that is in it: data sources too, which are kept apart from it.

use crate::api::common::Message;
use crate::auth::{Entry, SignedIn};
use crate::http::{ApiError, Missing, PathOf, Refused};
use axum::Json;
use axum::http::StatusCode;
use wellhead::{Author, DataSourceKey, DeleteDataSource, Operation, StoreError, Wellhead};
use wellhead_identity::{Action, Identities, IdentityError, MAIN_ORG};

/// Deletes an org with its data sources, service accounts and tokens. Its users stay.
#[utoipa::path(delete, path = "/api/orgs/{id}", tag = "orgs", operation_id = "deleteOrg",
    params(("id" = i64, Path)), responses(Refused, Missing, (status = 200, body = Message)))]
pub(super) async fn delete(signed_in: SignedIn, PathOf(id): PathOf<i64>) -> Result<Json<Message>, ApiError> {
    signed_in.may(Action::WriteOrgs)?;
    signed_in.identities().org(id)?;
    if id == signed_in.client.org_id() {
        let message = "Can not delete org for current user";
        let detail = format!("the request is for org {id} itself: send it for another org (X-Grafana-Org-Id)");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, message).with_detail(detail));
    }
    if id == MAIN_ORG {
        return Err(IdentityError::MainOrg.into());
    }
    let wellhead = signed_in.app.wellhead.clone();
    let entry = Entry { action: "org.delete", target: id.to_string(), details: &[] };
    let deleting = |identities: Identities| async move {
        delete_data_sources(&wellhead, id).await?;
        identities.delete_org(id).await?;
        // From here on nobody is let in for this org; what was added meanwhile goes as well.
        delete_data_sources(&wellhead, id).await
    };
    signed_in.change(entry, deleting).await?;
    Ok(Json(Message { message: "Organization deleted" }))
}

async fn delete_data_sources(wellhead: &Wellhead, org_id: i64) -> Result<(), ApiError> {
    let failed = |error: StoreError| ApiError::of(Operation::DeleteDataSource, error);
    for source in wellhead.data_sources().list(org_id).await.map_err(failed)? {
        let key = DataSourceKey::Uid(source.uid.clone());
        // Those of a provisioning file are read-only for clients, but they go with their org.
        let delete = DeleteDataSource { org_id, key, author: Author::Provisioning };
        match wellhead.data_sources().delete(delete).await {
            // Or somebody else was faster.
            Ok(_) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}
