//! Who may query, edit and administer one data source: `/api/datasources/uid/:uid/permissions` as Grafana had it up to
//! 10.2, and `/api/access-control/datasources/:uid` as it has it since. To look or to change takes an admin of the org, or
//! `Admin` granted on the data source.
//!
//! As long as nobody was granted anything, every member may query. From the first change on an entry of the org's admins,
//! who may everything anyway, keeps the data source closed to whoever is not named; when that entry is deleted as the last,
//! it is open to all again.

mod change;
mod current;
mod grantee;
mod legacy;
mod managed;

use crate::state::AppState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route of this folder.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(legacy::list, legacy::add))
        .routes(routes!(legacy::remove))
        .routes(routes!(managed::list, managed::set))
        .routes(routes!(managed::set_user))
        .routes(routes!(managed::set_role))
        .routes(routes!(managed::set_team))
}
