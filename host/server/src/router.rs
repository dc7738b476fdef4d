//! Which path leads where.

use crate::api::{data_sources, health, openapi, plugins, resources, system};
use crate::http::{ApiError, observe};
use crate::query;
use crate::state::AppState;
use axum::http::StatusCode;
use axum::routing::{any, get};
use axum::{Router, middleware};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router(app: AppState) -> Router {
    let (described, document) = described().split_for_parts();
    described
        .merge(plugins::routes())
        .route("/api/openapi.json", get(openapi::serve(&document)))
        .route("/api/datasources/uid/{uid}/resources", any(resources::call))
        .route("/api/datasources/uid/{uid}/resources/{*path}", any(resources::call))
        .route("/livez", get(system::livez))
        .route("/readyz", get(system::readyz))
        .route("/metrics", get(system::metrics))
        .fallback(|| async { ApiError::new(StatusCode::NOT_FOUND, "Not found") })
        .method_not_allowed_fallback(|| async { ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed") })
        .layer(middleware::from_fn_with_state(app.clone(), observe))
        .with_state(app)
}

/// The routes that the OpenAPI document tells of: Grafana's API.
fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::outline())
        .merge(data_sources::routes())
        .routes(routes!(health::check))
        .routes(routes!(query::query))
        .routes(routes!(system::frontend_settings))
        .routes(routes!(system::health))
        .routes(routes!(system::org))
}
