//! `/api/user…`: the caller; `/api/users…` and `/api/admin/users…`: every user, for server admins.

mod admin;
mod item;
mod lists;
mod one;
mod own;

use crate::state::AppState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route of this folder.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(own::get, own::update))
        .routes(routes!(own::orgs))
        .routes(routes!(own::switch_org))
        .routes(routes!(own::change_password))
        .routes(routes!(lists::list))
        .routes(routes!(lists::search))
        .routes(routes!(one::lookup))
        .routes(routes!(one::get, one::update))
        .routes(routes!(one::orgs))
        .routes(routes!(one::switch_org))
        .routes(routes!(admin::create))
        .routes(routes!(admin::delete))
        .routes(routes!(admin::set_password))
        .routes(routes!(admin::set_permissions))
        .routes(routes!(admin::enable))
        .routes(routes!(admin::disable))
}
