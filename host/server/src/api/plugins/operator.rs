//! Who may change plugins over HTTP.
//!
//! A server admin; without sign-in, whoever reaches the socket where `plugin-control` is on. But not whoever's page a
//! person on this machine has open: a browser must not be made to speak for it. So the body must be called JSON, which a foreign page cannot
//! send without asking first (and is never allowed); and where a browser says whose page it is, that must be this
//! host's, by a name that no DNS answer can take over.

use crate::auth::Client;
use crate::http::{ApiError, Segment, is_json, read_body};
use crate::state::AppState;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::sync::Arc;
use wellhead::{Operation, PluginError, PluginRecord};
use wellhead_identity::Action;

/// More than any of these bodies needs.
const BODY_BYTES: usize = 64 << 10;

/// A request to change a plugin, from somebody who may.
pub(super) struct Operator {
    pub(super) app: AppState,
    /// The plugin as it was when the request came.
    pub(super) plugin: Arc<PluginRecord>,
    body: Bytes,
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
        let read = serde_json::from_slice(&self.body);
        read.map(Some).map_err(|error| bad_body(error.to_string()))
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
        check_origin(&parts)?;
        if !is_json(&parts.headers) {
            let message = "the Content-Type is not application/json: send it as that, also where the body is empty";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        let Segment(id) = Segment::from_request_parts(&mut parts, app).await?;
        let body = read_body(body, BODY_BYTES, app.config.body_timeout).await?;
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
        Ok(Self { app: app.clone(), plugin, body })
    }
}

/// What an operator hears of a failure.
pub(super) fn failed(error: PluginError) -> ApiError {
    ApiError::of(Operation::PluginControl, error)
}

/// Browsers say whose page sends a `POST` or `DELETE`; others say nothing.
fn check_origin(parts: &Parts) -> Result<(), ApiError> {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(Authority::as_str)).unwrap_or_default();
    let is_ours = |origin: &str| {
        let page = origin.split_once("://").map(|(_, page)| page);
        page.is_some_and(|page| page.eq_ignore_ascii_case(host)) && is_fixed(host)
    };
    let foreign = parts.headers.get_all(ORIGIN).iter().find(|origin| !origin.to_str().is_ok_and(is_ours));
    let Some(foreign) = foreign else { return Ok(()) };
    let message = format!(
        "a page of {foreign:?} may not change plugins of {host:?}: use the command (wellhead plugin), or a page that \
         this host serves under its IP address or localhost"
    );
    Err(ApiError::new(StatusCode::FORBIDDEN, message))
}

/// Whether a host is an address or `localhost`: any other name may lead somewhere else tomorrow (DNS rebinding).
fn is_fixed(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(host: &str, origin: Option<&str>) -> bool {
        let mut request = Request::post("/api/plugins/x/reload").header("host", host);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        check_origin(&request.body(()).unwrap().into_parts().0).is_ok()
    }

    #[test]
    fn only_pages_of_this_host_under_an_address_may_change_plugins() {
        assert!(says("127.0.0.1:3000", None), "no browser");
        assert!(says("wellhead.example", None));
        for host in ["127.0.0.1:3000", "localhost:3000", "[::1]:3000", "192.0.2.1"] {
            assert!(says(host, Some(&format!("http://{host}"))), "{host}");
        }
        for (host, origin) in [
            ("127.0.0.1:3000", "http://evil.example"),
            ("127.0.0.1:3000", "http://127.0.0.1:4000"),
            ("127.0.0.1:3000", "null"),
            ("127.0.0.1:3000", ""),
            // The name of an attacker that now resolves to this machine.
            ("evil.example:3000", "http://evil.example:3000"),
        ] {
            assert!(!says(host, Some(origin)), "{host} {origin}");
        }
    }
}
