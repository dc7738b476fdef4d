//! `POST /api/live/publish`: a document for a channel's subscribers, as Grafana takes it.

use super::live_error;
use crate::auth::Client;
use crate::http::{ApiError, BadBody, JsonBody, Missing, Refused};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use wellhead::{Channel, LiveError};
use wellhead_identity::Action;

/// What to publish, and where.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"channel": "stream/builds/main", "data": {"state": "passed"}}))]
pub(crate) struct Publication {
    /// Without the org: `ds/UID/PATH`, which is up to the data source's plugin, or `stream/NAME/PATH`, which is for editors.
    channel: String,
    /// Any JSON; a data frame in Grafana's form is sent on as one.
    #[schema(value_type = Object)]
    data: Box<RawValue>,
}

/// It was published.
#[derive(Serialize, ToSchema)]
pub(crate) struct Published {}

/// Publishes to a live channel of the caller's org.
#[utoipa::path(post, path = "/api/live/publish", tag = "live", operation_id = "publishToLiveChannel",
    request_body = Publication, responses((status = 200, body = Published), Refused, Missing, BadBody,
        (status = 501, description = "The plugin takes nothing.", body = crate::http::ErrorBody)))]
pub(crate) async fn publish(
    State(app): State<AppState>,
    client: Client,
    JsonBody(Publication { channel, data }): JsonBody<Publication>,
) -> Result<Json<Published>, ApiError> {
    client.may(Action::Query)?;
    let failed = |error: LiveError| live_error(&error);
    let channel = Channel::in_org(client.org_id(), &channel).map_err(|error| failed(error.into()))?;
    app.wellhead.live().publish(&client.caller, &channel, data.get()).await.map_err(failed)?;
    Ok(Json(Published {}))
}
