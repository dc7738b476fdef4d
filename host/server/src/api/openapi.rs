//! `GET /api/openapi.json`: what this API is, generated from the handlers that are it.

use crate::http::ErrorBody;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use bytes::Bytes;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

/// What the document says beside the routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "Wellhead", description = "Grafana's HTTP API for data sources, in front of sandboxed plugins."),
    components(schemas(ErrorBody)),
    modifiers(&SignIn),
    security(("token" = []), ("basic" = []))
)]
struct Outline;

struct SignIn;

impl utoipa::Modify for SignIn {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = |scheme| SecurityScheme::Http(HttpBuilder::new().scheme(scheme).build());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", scheme(HttpAuthScheme::Bearer));
        components.add_security_scheme("basic", scheme(HttpAuthScheme::Basic));
    }
}

pub(crate) fn outline() -> utoipa::openapi::OpenApi {
    Outline::openapi()
}

/// A handler that serves `document`, written once.
pub(crate) fn serve(
    document: &utoipa::openapi::OpenApi,
) -> impl Fn() -> std::future::Ready<axum::response::Response> + Clone + Send + Sync + 'static {
    let json = Bytes::from(serde_json::to_vec(document).unwrap_or_default());
    move || std::future::ready(([(CONTENT_TYPE, "application/json")], json.clone()).into_response())
}
