//! `/api/serviceaccounts…`: programs that sign in with tokens. Each belongs to the current org, and to change one takes its
//! admin: nobody can hand out a higher role than they have.

mod accounts;
mod item;
mod tokens;

use crate::state::AppState;
use axum::routing::post;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route of this folder.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(accounts::create))
        // As grafana-client spells it.
        .route("/api/serviceaccounts/", post(accounts::create))
        .routes(routes!(accounts::search))
        .routes(routes!(accounts::get, accounts::update, accounts::delete))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::delete))
}
