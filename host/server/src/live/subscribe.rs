//! `GET /api/live/subscribe/{scope}/{namespace}/{path}`: one channel as a response that goes on, for clients that have no
//! need of a WebSocket: Server-Sent Events, or Arrow where `Accept` names it.

mod arrow;
mod events;

use super::live_error;
use super::places::LivePlace;
use super::standing::Standing;
use crate::auth::{Client, Proof};
use crate::http::{ApiError, Missing, Refused, accepts, body_of};
use crate::query::ARROW_STREAM;
use crate::state::AppState;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, Stream};
use serde::Deserialize;
use std::sync::Arc;
use wellhead::{Channel, LiveError, Subscription};
use wellhead_identity::Action;

/// What to hand to the plugin.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SubscribeParams {
    /// A JSON document, as the data source's plugin takes it; subscribers who send the same share one run.
    #[serde(default)]
    data: String,
}

/// Listens to a live channel of the caller's org, until either side ends it. As Arrow where `Accept` says
/// `application/vnd.apache.arrow.stream`: IPC streams back to back, a new one where the schema changes or updates are
/// missing.
#[utoipa::path(get, path = "/api/live/subscribe/{scope}/{namespace}/{*path}", tag = "live", operation_id = "subscribeToLiveChannel",
    params(("scope" = String, Path, description = "`ds` or `stream`", example = "ds"),
        ("namespace" = String, Path, description = "The data source's uid; in `stream` any name", example = "testdata"),
        ("path" = String, Path, description = "The rest of the channel's name, slashes and all", example = "random-walk"),
        SubscribeParams),
    responses(Refused, Missing,
        (status = 200, description = "Events `frame` with a data frame in Grafana's form, its schema only where it is new; `data` \
            with any other document; `end` with `code` and `reason`.",
            content((String = "text/event-stream"), (Vec<u8> = "application/vnd.apache.arrow.stream"))),
        (status = 501, description = "The plugin has no streams.", body = crate::http::ErrorBody)))]
pub(crate) async fn subscribe(
    State(app): State<AppState>,
    client: Client,
    request: Request,
) -> Result<Response, ApiError> {
    client.may(Action::Query)?;
    let (mut parts, _) = request.into_parts();
    let bad = |detail: String| ApiError::new(StatusCode::BAD_REQUEST, "bad request data").with_detail(detail);
    let Path((scope, namespace, path)) = Path::<(String, String, String)>::from_request_parts(&mut parts, &app)
        .await
        .map_err(|rejection| bad(rejection.body_text()))?;
    let Query(SubscribeParams { data }) =
        Query::try_from_uri(&parts.uri).map_err(|rejection| bad(rejection.body_text()))?;
    let failed = |error: LiveError| live_error(&error);
    let channel = Channel::in_org(client.org_id(), &format!("{scope}/{namespace}/{path}"))
        .map_err(|error| failed(error.into()))?;
    let place = app.live_places.take()?;
    // Without it the route is not behind the gate.
    let proof = parts.extensions.get::<Proof>().cloned().ok_or_else(ApiError::internal)?;
    let standing = Arc::new(Standing::of(app.clone(), proof, &client));
    let subscription = app.wellhead.live().subscribe(standing, &channel, &data).await.map_err(failed)?;
    let listener = Listener { app: app.clone(), subscription, draining: app.drain_begins().boxed(), _place: place };
    Ok(if accepts(&parts.headers, ARROW_STREAM) {
        response(ARROW_STREAM, arrow::chunks(listener))
    } else {
        response("text/event-stream", events::chunks(listener))
    })
}

/// A subscription and what ends it.
struct Listener {
    app: AppState,
    subscription: Subscription,
    draining: BoxFuture<'static, ()>,
    _place: LivePlace,
}

impl Listener {
    /// Words of a plugin or the hub, secrets blanked.
    fn redacted(&self, text: &str) -> String {
        self.app.wellhead.redactor().redact(text).into_owned()
    }
}

fn response<E: std::fmt::Display + Send + 'static>(
    media_type: &'static str,
    chunks: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> Response {
    let mut response = Response::new(body_of(chunks));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
