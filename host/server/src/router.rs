//! Which path leads where.

use crate::api::{
    data_sources, frontend_settings, health, maintenance, openapi, orgs, permissions, plugins, proxy, resources,
    service_accounts, system, users,
};
use crate::auth::authenticate;
use crate::http::{ApiError, observe};
use crate::live;
use crate::query;
use crate::state::AppState;
use axum::http::StatusCode;
use axum::routing::{any, get};
use axum::{Router, middleware};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router(app: AppState) -> Router {
    let (described, mut document) = described().split_for_parts();
    let (open, of_open) = open().split_for_parts();
    document.merge(of_open);
    let gate = middleware::from_fn_with_state(app.clone(), authenticate);
    described
        .merge(plugins::routes())
        .route("/api/openapi.json", get(openapi::serve(&document)))
        .route("/api/datasources/uid/{uid}/resources", any(resources::call))
        .route("/api/datasources/uid/{uid}/resources/{*path}", any(resources::call))
        .merge(proxy::routes())
        .route("/metrics", get(system::metrics))
        .route_layer(gate)
        .merge(open)
        .fallback(|| async { ApiError::new(StatusCode::NOT_FOUND, "Not found") })
        .method_not_allowed_fallback(|| async { ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed") })
        .layer(middleware::from_fn_with_state(app.clone(), observe))
        .with_state(app)
}

/// What anybody may ask: whether this host is there and well; and where the handler is a gate of its own.
fn open() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(system::health))
        .route("/api/live/ws", get(live::open))
        .route("/livez", get(system::livez))
        .route("/readyz", get(system::readyz))
}

/// The routes that the OpenAPI document tells of: Grafana's API.
fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::outline())
        .merge(data_sources::routes())
        .merge(maintenance::routes())
        .merge(plugins::described())
        .routes(routes!(health::check))
        .routes(routes!(query::query))
        .routes(routes!(frontend_settings::read))
        .merge(orgs::routes())
        .merge(users::routes())
        .merge(service_accounts::routes())
        .merge(permissions::routes())
        .merge(live::described())
}
