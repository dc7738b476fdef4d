//! `GET /api/openapi.json`: what this API is, generated from the handlers that are it.

use crate::http::ErrorBody;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use bytes::Bytes;
use serde_json::{Value, json};
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
    let json = serde_json::to_value(document).map(completed).unwrap_or_default();
    let json = Bytes::from(json.to_string());
    move || std::future::ready(([(CONTENT_TYPE, "application/json")], json.clone()).into_response())
}

/// What OpenAPI demands and the generator leaves out: each response's description, no sign-in written as none, and the rest of
/// a path named as any part of it is.
fn completed(mut document: Value) -> Value {
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        let named = std::mem::take(paths).into_iter().map(|(path, item)| (path.replace("{*", "{"), item));
        paths.extend(named);
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    let operations = paths.filter_map(|(_, path)| path.as_object_mut()).flatten();
    for operation in operations.filter_map(|(_, operation)| operation.as_object_mut()) {
        if operation.get("security") == Some(&json!([{}])) {
            operation.insert("security".to_owned(), json!([]));
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
        for (status, response) in responses {
            let reason = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
            let reason = reason.and_then(|status| status.canonical_reason()).unwrap_or("An answer");
            if let Some(response) = response.as_object_mut() {
                response.entry("description").or_insert_with(|| reason.into());
            }
        }
    }
    document
}
