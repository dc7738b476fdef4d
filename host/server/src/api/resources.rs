//! Any method on `/api/datasources/uid/:uid/resources/*`: handed to the plugin, streamed both ways.
//!
//! What comes back is the upstream's, so that a browser must not take it for this host's: no cookies, sandboxed.

use crate::auth::Client;
use crate::http::{ApiError, Segment, paced, remove_hop_by_hop};
use crate::state::AppState;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderValue, ORIGIN, REFERER, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use futures::StreamExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use wellhead::{CallResourceRequest, CallResourceResponse, DataSourceKey, Operation, PluginError, ResourceBody};
use wellhead_identity::Action;

pub(crate) async fn call(
    State(app): State<AppState>,
    client: Client,
    Segment(uid): Segment,
    request: Request,
) -> Result<Response, ApiError> {
    client.may(Action::Query)?;
    let (parts, body) = request.into_parts();
    let is_head = parts.method == Method::HEAD;
    let call = CallResourceRequest {
        path: resource_path(parts.uri.path()).to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: request_headers(parts.headers),
        body: request_body(body, app.config.body_bytes),
        method: parts.method,
    };
    let answer = app.wellhead.service().call_resource(&client.caller, &DataSourceKey::Uid(uid), call).await;
    let answer = answer.map_err(|error| ApiError::of(Operation::Resource, error))?;
    let CallResourceResponse { status, headers, body } = answer;
    let has_body = !is_head && status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED;
    let body = if has_body { paced(body.into_stream(), app.config.write_timeout) } else { Body::empty() };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = response_headers(headers, has_body);
    Ok(response)
}

/// What follows `/resources/`, as it was sent: axum's own would be decoded.
fn resource_path(path: &str) -> &str {
    // "/api/datasources/uid/UID/resources/PATH": a slash in the uid would be encoded.
    path.splitn(7, '/').nth(6).unwrap_or_default()
}

fn request_headers(mut headers: HeaderMap) -> HeaderMap {
    remove_hop_by_hop(&mut headers);
    // They speak of the way to this host, not of the plugin's way on.
    for name in [HOST, CONTENT_LENGTH, ORIGIN, REFERER] {
        headers.remove(name);
    }
    headers
}

fn request_body(body: Body, max_bytes: usize) -> ResourceBody {
    let limited = Limited::new(body, max_bytes).into_data_stream();
    ResourceBody::stream(limited.map(move |chunk| {
        chunk.map_err(|error| {
            if error.is::<LengthLimitError>() {
                let limit = max_bytes as u64;
                return PluginError::LimitExceeded {
                    name: "request body bytes",
                    limit,
                    actual: limit.saturating_add(1),
                };
            }
            PluginError::RequestCanceled { plugin_id: String::new(), reason: "the client's body broke off" }
        })
    }))
}

fn response_headers(mut headers: HeaderMap, has_body: bool) -> HeaderMap {
    remove_hop_by_hop(&mut headers);
    headers.remove(SET_COOKIE);
    // The body is streamed: its length is what comes.
    headers.remove(CONTENT_LENGTH);
    if has_body {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    }
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
}

#[cfg(test)]
mod tests {
    use super::resource_path;

    #[test]
    fn the_resource_path_stays_as_it_was_sent() {
        for (path, expected) in [
            ("/api/datasources/uid/a/resources", ""),
            ("/api/datasources/uid/a/resources/", ""),
            ("/api/datasources/uid/a/resources/x/y%2Fz", "x/y%2Fz"),
            ("/api/datasources/uid/a%2Fb/resources//x/", "/x/"),
        ] {
            assert_eq!(resource_path(path), expected, "{path}");
        }
    }
}
