//! Which path leads where.

use crate::api::{data_sources, health, plugins, proxy, resources, system};
use crate::http::{ApiError, observe};
use crate::query;
use crate::state::AppState;
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use axum::{Router, middleware};

pub(crate) fn router(app: AppState) -> Router {
    Router::new()
        .route("/api/ds/query", post(query::query))
        .route("/api/datasources", get(data_sources::list))
        .route("/api/datasources/{id}", get(data_sources::by_id))
        .route("/api/datasources/uid/{uid}", get(data_sources::by_uid))
        .route("/api/datasources/name/{name}", get(data_sources::by_name))
        .route("/api/datasources/id/{name}", get(data_sources::id_of_name))
        .route("/api/datasources/uid/{uid}/health", get(health::check))
        .route("/api/datasources/uid/{uid}/resources", any(resources::call))
        .route("/api/datasources/uid/{uid}/resources/{*path}", any(resources::call))
        .merge(proxy::routes())
        .merge(plugins::routes())
        .route("/api/frontend/settings", get(system::frontend_settings))
        .route("/api/health", get(system::health))
        .route("/api/org", get(system::org))
        .route("/livez", get(system::livez))
        .route("/readyz", get(system::readyz))
        .route("/metrics", get(system::metrics))
        .fallback(|| async { ApiError::new(StatusCode::NOT_FOUND, "Not found") })
        .method_not_allowed_fallback(|| async { ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed") })
        .layer(middleware::from_fn_with_state(app.clone(), observe))
        .with_state(app)
}
