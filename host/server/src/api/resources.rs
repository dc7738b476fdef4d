//! Any method on `/api/datasources/uid/:uid/resources/*`: handed to the plugin, streamed both ways.

use crate::auth::Client;
use crate::http::{ApiError, Segment, foreign_response, has_body, remove_hop_by_hop, streamed_body};
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, ORIGIN, REFERER};
use axum::response::Response;
use wellhead::{CallResourceRequest, CallResourceResponse, DataSourceKey, Operation};
use wellhead_identity::Action;

pub(crate) async fn call(
    State(app): State<AppState>,
    client: Client,
    Segment(uid): Segment,
    request: Request,
) -> Result<Response, ApiError> {
    client.may(Action::Query)?;
    let (parts, body) = request.into_parts();
    let call = CallResourceRequest {
        method: parts.method.clone(),
        path: resource_path(parts.uri.path()).to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: request_headers(parts.headers),
        body: streamed_body(body, app.config.body_bytes, app.config.body_timeout),
    };
    let answer = app.wellhead.service().call_resource(&client.caller, &DataSourceKey::Uid(uid), call).await;
    let answer = answer.map_err(|error| ApiError::of(Operation::Resource, error))?;
    let CallResourceResponse { status, mut headers, body } = answer;
    // The body is streamed, and a plugin's word on its length is not checked: its length is what comes.
    headers.remove(CONTENT_LENGTH);
    if has_body(&parts.method, status) {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    }
    Ok(foreign_response((&parts.method, status), headers, body.into_stream()))
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
