//! Who may change plugins over HTTP.
//!
//! A server admin; without sign-in, whoever reaches the socket where `plugin-control` is on. But not whoever's page a
//! person on this machine has open: a browser must not be made to speak for it. So the body must be called JSON, which a foreign page cannot
//! send without asking first (and is never allowed); and where a browser says whose page it is, that must be this
//! host's, by a name that no DNS answer can take over.

use crate::auth::Client;
use crate::http::{ApiError, Pages, Segment, WholeBody, check_origin, is_json, read_body, read_json};
use crate::state::AppState;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use wellhead::{Operation, PluginError, PluginRecord};
use wellhead_identity::Action;

/// More than any of these bodies needs.
const BODY_BYTES: usize = 64 << 10;

/// A request to change a plugin, from somebody who may.
pub(super) struct Operator {
    pub(super) app: AppState,
    pub(super) client: Client,
    /// The plugin as it was when the request came.
    pub(super) plugin: Arc<PluginRecord>,
    body: WholeBody,
}

impl Operator {
    /// The id, where the request may have named an alias.
    pub(super) fn id(&self) -> String {
        self.plugin.manifest.id.clone()
    }

    /// The body; `None` where it is empty.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<Option<T>, ApiError> {
        if self.body.trim_ascii().is_empty() {
            return Ok(None);
        }
        read_json(&self.body).map(Some).map_err(bad_body)
    }

    /// The body, which must be there.
    pub(super) fn needed_body<T: DeserializeOwned>(&self, example: &str) -> Result<T, ApiError> {
        self.body()?.ok_or_else(|| bad_body(format!("the body is empty: send {example}")))
    }
}

fn bad_body(detail: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "bad request data").with_detail(detail)
}

impl FromRequest<AppState> for Operator {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        if let Some(reason) = &app.no_plugin_control {
            return Err(ApiError::new(StatusCode::FORBIDDEN, &**reason));
        }
        let client = Client::from_request_parts(&mut parts, app).await?;
        client.may(Action::ControlPlugins)?;
        check_origin(&parts, Pages::Fixed, "change plugins of")?;
        if !is_json(&parts.headers) {
            let message = "the Content-Type is not application/json: send it as that, also where the body is empty";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        let Segment(id) = Segment::from_request_parts(&mut parts, app).await?;
        let body = read_body(app, body, BODY_BYTES).await?;
        let plugin = app.wellhead.plugins().get(&id);
        let plugin = plugin.ok_or_else(|| failed(PluginError::NotRegistered { plugin_id: id }))?;
        let plugin_id = plugin.manifest.id.clone();
        if app.wellhead.runtime().plugin_status(&plugin_id).is_none() {
            let reason = match plugin.has_backend {
                true => "it is compiled into the host, and changes only with it",
                false => "it has no back end, and is what its file says",
            };
            return Err(failed(PluginError::Unavailable { plugin_id, reason: reason.into() }));
        }
        Ok(Self { app: app.clone(), client, plugin, body })
    }
}

/// What an operator hears of a failure.
pub(super) fn failed(error: PluginError) -> ApiError {
    ApiError::of(Operation::PluginControl, error)
}
