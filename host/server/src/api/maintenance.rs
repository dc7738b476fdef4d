//! `/api/wellhead/…`: what the operator of the machine has done to what the host keeps. Grafana has no such routes.
//!
//! A backup is a file that the server writes where it is told. So these are for the operator alone, who could write there
//! anyway, and not for everybody who is a server admin over the network.

use crate::auth::{Client, to_its_end};
use crate::http::{ApiError, BadBody, Conflict, JsonBody, Missing, Refused};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wellhead::{Database, DatabaseError, SecretService};
use wellhead_identity::{Action, Who};

/// What a host keeps, as far as its operator looks after it.
#[derive(Clone)]
pub struct Maintenance {
    /// Where data sources, users and permissions are.
    pub database: Database,
    /// What seals their secrets.
    pub secrets: Arc<dyn SecretService>,
}

impl std::fmt::Debug for Maintenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Maintenance").field("database", &self.database).finish_non_exhaustive()
    }
}

/// Every route of this file.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(back_up)).routes(routes!(rotate))
}

/// Where a backup goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackUp {
    /// An absolute path on the server's machine, where nothing is yet.
    file: String,
}

/// What was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct DoneBody {
    message: String,
}

/// Copies the database to a file while the server goes on.
#[utoipa::path(post, path = "/api/wellhead/backup", tag = "wellhead", operation_id = "backUp", request_body = BackUp,
    responses(Refused, Missing, BadBody, Conflict, (status = 200, body = DoneBody)))]
async fn back_up(
    State(app): State<AppState>,
    client: Client,
    JsonBody(BackUp { file }): JsonBody<BackUp>,
) -> Result<Json<DoneBody>, ApiError> {
    let database = maintained(&app, &client)?.database.clone();
    let path = PathBuf::from(&file);
    if !path.is_absolute() {
        let message = format!("{file:?} is not an absolute path: the server's folder is not yours");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, message));
    }
    to_its_end(async move {
        let done = database.back_up(&path).await.map_err(|error| {
            let status = match error {
                DatabaseError::Exists { .. } => StatusCode::CONFLICT,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            ApiError::new(status, error.to_string())
        });
        client.audit("backup", &file, &done);
        done?;
        Ok(Json(DoneBody { message: format!("backed up to {file}; keep the master key too, and elsewhere") }))
    })
    .await
}

/// Changes the master key of all secrets while the server goes on.
#[utoipa::path(post, path = "/api/wellhead/secrets/rotate", tag = "wellhead", operation_id = "rotateSecrets",
    responses(Refused, Missing, (status = 200, body = DoneBody)))]
async fn rotate(State(app): State<AppState>, client: Client) -> Result<Json<DoneBody>, ApiError> {
    let secrets = Arc::clone(&maintained(&app, &client)?.secrets);
    to_its_end(async move {
        let rotated = secrets.rotate().await;
        let rotated = rotated.map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()));
        client.audit("secrets.rotate", "", &rotated);
        let note = "a backup made before needs the key of then: make a new one";
        Ok(Json(DoneBody { message: format!("{}; {note}", rotated?) }))
    })
    .await
}

fn maintained<'a>(app: &'a AppState, client: &Client) -> Result<&'a Maintenance, ApiError> {
    // Without sign-in everybody who reaches the socket is taken for the operator.
    let is_known = app.sign_in.is_some() || app.in_process;
    if client.identity.who != Who::Operator || !is_known {
        let message = "You'll need additional permissions to perform this action";
        let detail = "it is for the operator on the server's own machine: use the command there";
        let refusal = ApiError::new(StatusCode::FORBIDDEN, message).with_detail(detail);
        return Err(client.refused(Action::Maintain, refusal));
    }
    app.maintenance.as_ref().ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "this server keeps nothing on disk"))
}
