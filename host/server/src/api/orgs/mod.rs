//! `/api/org…` and `/api/orgs…`: the caller's org and all orgs, and who belongs to them.

mod all;
mod current;
mod delete;
mod item;
mod members;

use crate::state::AppState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route of this folder.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(current::get, current::rename))
        .routes(routes!(members::list_current, members::add_current))
        .routes(routes!(members::update_current, members::remove_current))
        .routes(routes!(all::list, all::create))
        .routes(routes!(all::by_id, all::rename, delete::delete))
        .routes(routes!(all::by_name))
        .routes(routes!(members::list, members::add))
        .routes(routes!(members::update, members::remove))
}
