//! `/api/datasources…`: what is configured, in Grafana's shape, and commands that change it. Secrets go in and never come
//! back: they show as names only.

mod command;
mod find;
mod grants;
mod item;
mod read;
mod write;

use crate::state::AppState;
pub(crate) use find::seen;
pub(crate) use item::logo;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route of this folder.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(read::list, write::add))
        .routes(routes!(read::by_uid, write::update_by_uid, write::delete_by_uid))
        .routes(routes!(read::by_name, write::delete_by_name))
        .routes(routes!(read::id_of_name))
        .routes(routes!(read::by_id, write::update_by_id, write::delete_by_id))
}
