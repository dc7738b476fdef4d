//! `/api/live/…`: live channels over WebSocket, as Server-Sent Events and as Arrow, and what clients publish.
//!
//! Channels, subscriptions and permissions are the query service's hub's; here are the ways to a client and back, each
//! bounded in time and memory: a slow reader misses updates, and holds up nobody.

mod list;
mod places;
mod protocol;
mod publish;
mod socket;
mod standing;
mod subscribe;

pub(crate) use places::LivePlaces;
pub(crate) use socket::open;

use crate::http::ApiError;
use crate::state::AppState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wellhead::LiveError;

/// The routes behind the gate. The WebSocket's own stands outside: a browser can send no credentials before it is open.
pub(crate) fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(subscribe::subscribe))
        .routes(routes!(publish::publish))
        .routes(routes!(list::list))
}

fn live_error(error: &LiveError) -> ApiError {
    let refused = ApiError::from(error.public());
    if refused.public().status == 503 { refused.with_retry_after(1) } else { refused }
}
