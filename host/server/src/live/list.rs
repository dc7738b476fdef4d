//! `GET /api/live/list`: the channels of the caller's org that somebody listens to, under the names Grafana lists them by.

use crate::auth::Client;
use crate::http::{ApiError, Refused};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wellhead::{ChannelStatus, DataSourceKey, Scope};
use wellhead_identity::Action;

/// The channels there are.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"channels": [{"channel": "ds/testdata/random-walk", "subscribers": 3, "frames": 1200}]}))]
pub(crate) struct Channels {
    channels: Vec<Listed>,
}

/// A channel.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed {
    /// Without the org: `ds/UID/PATH` or `stream/NAME/PATH`.
    channel: String,
    /// What its subscribers sent along as they subscribed: a JSON document. Missing where they sent nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    request_data: String,
    subscribers: usize,
    /// Updates since it began.
    frames: u64,
    /// Why its last run failed, until there is a frame again.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
}

/// Lists the live channels of the org that the caller may listen to.
#[utoipa::path(get, path = "/api/live/list", tag = "live", operation_id = "listLiveChannels",
    responses((status = 200, body = Channels), Refused))]
pub(crate) async fn list(State(app): State<AppState>, client: Client) -> Result<Json<Channels>, ApiError> {
    client.may(Action::Query)?;
    let mut channels = Vec::new();
    for status in app.wellhead.live().channels(client.org_id()) {
        if may_see(&app, &client, &status).await {
            channels.push(listed(&app, status));
        }
    }
    Ok(Json(Channels { channels }))
}

async fn may_see(app: &AppState, client: &Client, status: &ChannelStatus) -> bool {
    let (Scope::DataSource, Some(permissions)) = (status.channel.scope(), &client.caller.permissions) else {
        return true;
    };
    let key = DataSourceKey::uid(status.channel.namespace());
    let source = app.wellhead.service().data_source(&client.caller, &key).await;
    source.is_ok_and(|source| permissions.check(&source).is_ok())
}

fn listed(app: &AppState, status: ChannelStatus) -> Listed {
    let ChannelStatus { channel, data, subscribers, frames, last_error } = status;
    let (scope, namespace, path) = (channel.scope().as_str(), channel.namespace(), channel.path());
    let last_error = last_error.map(|error| app.wellhead.redactor().redact(&error).into_owned());
    Listed { channel: format!("{scope}/{namespace}/{path}"), request_data: data, subscribers, frames, last_error }
}
