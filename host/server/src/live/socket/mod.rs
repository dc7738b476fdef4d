//! `GET /api/live/ws`: the Centrifuge protocol over WebSocket.
//!
//! The route stands outside the gate. Who sends credentials with the request is let in or refused while HTTP is still
//! spoken; browsers cannot, and send a token with their first command: until then nothing else is answered. A foreign page
//! is refused in any case, because browsers send along what they remember of a password.

mod channels;
mod connection;
mod session;

use crate::auth::Proof;
use crate::http::{AfterHttp, ApiError, Pages, Trace, check_origin};
use crate::state::AppState;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use connection::Connection;
use session::{Newcomer, Session};

/// A client's message, in bytes: several commands in one, and what is published. As the library has it.
const MESSAGE_BYTES: usize = 64 << 10;
/// What is read at once. A connection keeps this for as long as it lives, and most read little.
const READ_BYTES: usize = 2 << 10;
/// What is gathered before it is written; a larger message goes out by itself.
const WRITE_BYTES: usize = 8 << 10;

/// Opens a connection that listens to channels.
pub(crate) async fn open(State(app): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    // A page that this host serves may be served under any name where its visitors sign in: another site that takes the
    // name over has none of their passwords.
    let own_names = app.config.behind_proxy || app.sign_in.is_some();
    check_origin(&parts, Pages::Named(&app.config.cors_origins, own_names), "listen to")?;
    if app.is_draining() {
        let stopping = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping: connect again");
        return Err(stopping.with_retry_after(1));
    }
    let place = app.live_places.take()?;
    let proof = Proof::of(&app, &parts)?;
    let identity =
        if proof.has_credentials() || app.sign_in.is_none() { Some(proof.let_in(&app).await?) } else { None };
    let upgrade = upgrade(&app, &mut parts).await?;
    let after = parts.extensions.get::<AfterHttp>().cloned().ok_or_else(ApiError::internal)?;
    let traceparent = parts.extensions.get::<Trace>().map(Trace::traceparent);
    let newcomer = Newcomer { proof, identity, headers: forwarded(&app, parts.headers), traceparent };
    Ok(upgrade.on_upgrade(async move |socket| {
        let session = Session::new(app.clone(), newcomer);
        let connection = Connection::new(&app, socket, session);
        after.go_on_with(async move {
            connection.run().await;
            drop(place);
        });
    }))
}

async fn upgrade(app: &AppState, parts: &mut Parts) -> Result<WebSocketUpgrade, ApiError> {
    let upgrade = WebSocketUpgrade::from_request_parts(parts, app).await.map_err(|rejection| {
        let detail = "this is a WebSocket: connect with ws:// or wss:// over HTTP/1.1, with a Centrifuge client";
        ApiError::new(rejection.status(), rejection.body_text()).with_detail(detail)
    })?;
    Ok(upgrade
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES))
}

/// The headers of the request that a plugin may be shown: not those of the upgrade itself, and no credentials that are for
/// this host.
fn forwarded(app: &AppState, mut headers: HeaderMap) -> HeaderMap {
    crate::http::remove_hop_by_hop(&mut headers);
    let of_upgrade = |name: &&HeaderName| name.as_str().starts_with("sec-websocket-");
    let of_upgrade: Vec<HeaderName> = headers.keys().filter(of_upgrade).cloned().collect();
    for name in &of_upgrade {
        headers.remove(name);
    }
    if app.sign_in.is_some() {
        headers.remove(AUTHORIZATION);
    }
    headers
}
