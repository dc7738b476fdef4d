//! `GET /api/plugins/events`: what happens to plugins, as Server-Sent Events, from now until the server drains.
//!
//! Bounded on every side: so many streams, so many events a slow reader may fall behind (it misses the oldest), and one
//! that takes nothing at all is cut off.

use super::event::describe;
use super::onlooker::Onlooker;
use crate::auth::Client;
use crate::http::{ApiError, body_of};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, stream};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use wellhead::PluginEvents;
use wellhead_identity::Action;

/// A line of no meaning after so much silence, so that proxies keep the connection and one that is gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) async fn stream(State(app): State<AppState>, client: Client) -> Result<Response, ApiError> {
    client.may(Action::ReadPlugins)?;
    let Ok(place) = Arc::clone(&app.event_streams).try_acquire_owned() else {
        let message = format!(
            "limit \"streams of plugin events\" exceeded: {} asked, {} allowed; close one",
            crate::state::EVENT_STREAMS.saturating_add(1),
            crate::state::EVENT_STREAMS
        );
        return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, message));
    };
    let events = app.wellhead.events();
    let mut response = Response::new(body_of(chunks(app.clone(), events, place, Onlooker::of(&client))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn chunks(
    app: AppState,
    events: PluginEvents,
    place: OwnedSemaphorePermit,
    onlooker: Onlooker,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    // The first line says that whatever happens from here on will be told.
    let first = Some(Bytes::from_static(b": events of plugins\n\n"));
    stream::unfold((app, events, place, first), move |(app, mut events, place, first)| async move {
        let chunk = match first {
            Some(first) => first,
            None => next(&app, &mut events, onlooker).await?,
        };
        Some((Ok(chunk), (app, events, place, None)))
    })
}

/// `None` where there will be no more.
async fn next(app: &AppState, events: &mut PluginEvents, onlooker: Onlooker) -> Option<Bytes> {
    loop {
        tokio::select! {
            biased;
            () = app.drain_begins() => return None,
            event = events.next() => {
                let event = event?;
                if onlooker.sees(&event.change) {
                    let (kind, data) = describe(&event, onlooker);
                    return Some(Bytes::from(format!("event: {kind}\ndata: {data}\n\n")));
                }
            }
            () = tokio::time::sleep(KEEP_ALIVE) => return Some(Bytes::from_static(b":\n\n")),
        }
    }
}
