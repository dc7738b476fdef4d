//! Any method on `/api/datasources/proxy/uid/:uid/*` and `/api/datasources/proxy/:id/*`: sent on to the data source's own
//! URL, streamed both ways.

use crate::auth::Client;
use crate::http::{ApiError, Segment, foreign_response, remove_hop_by_hop, streamed_body};
use crate::state::AppState;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, HeaderValue, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::any;
use http_body_util::BodyExt;
use wellhead::{DataProxyRequest, DataProxyResponse, DataSourceKey, Operation};
use wellhead_identity::Action;

pub(crate) fn routes() -> Router<AppState> {
    let both = |router: Router<AppState>, rest: &str| {
        router
            .route(&format!("/api/datasources/proxy/uid/{{uid}}{rest}"), any(by_uid))
            .route(&format!("/api/datasources/proxy/{{id}}{rest}"), any(by_id))
    };
    ["", "/", "/{*path}"].into_iter().fold(Router::new(), both)
}

async fn by_uid(
    State(app): State<AppState>,
    client: Client,
    Segment(uid): Segment,
    request: Request,
) -> Result<Response, ApiError> {
    // "/api/datasources/proxy/uid/UID/REST"
    send(&app, &client, DataSourceKey::Uid(uid), 6, request).await
}

async fn by_id(
    State(app): State<AppState>,
    client: Client,
    Segment(id): Segment,
    request: Request,
) -> Result<Response, ApiError> {
    let id = id.parse().map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "id is invalid"))?;
    // "/api/datasources/proxy/ID/REST"
    send(&app, &client, DataSourceKey::Id(id), 5, request).await
}

/// Proxies what follows the `slashes`-th slash of the path.
async fn send(
    app: &AppState,
    client: &Client,
    key: DataSourceKey,
    slashes: usize,
    request: Request,
) -> Result<Response, ApiError> {
    client.may(Action::Query)?;
    let (mut parts, body) = request.into_parts();
    remove_hop_by_hop(&mut parts.headers);
    let limit = app.config.body_bytes;
    if let Some(length) = declared_length(&parts.headers).filter(|length| *length > limit as u64) {
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "Request body too large")
            .with_detail(format!("the request body has {length} bytes, {limit} are allowed: split the request")));
    }
    let (prefix, rest) = split(parts.uri.path(), slashes);
    let proxied = DataProxyRequest {
        method: parts.method.clone(),
        path: rest.to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        body: streamed_body(body, limit, app.config.body_timeout),
    };
    let answer = app.wellhead.service().proxy(&client.caller, &key, proxied).await;
    let answer = answer.map_err(|error| ApiError::of(Operation::Proxy, error))?;
    let DataProxyResponse { status, mut headers, location, body } = answer;
    let location = location.and_then(|rest| HeaderValue::from_str(&format!("{prefix}/{rest}")).ok());
    if let Some(location) = location {
        headers.insert(LOCATION, location);
    }
    Ok(foreign_response((&parts.method, status), headers, body.into_data_stream()))
}

/// What names the data source, and what follows it as it was sent: axum's own would be decoded.
fn split(path: &str, slashes: usize) -> (&str, &str) {
    let at = path.match_indices('/').nth(slashes - 1).map(|(at, _)| at);
    at.and_then(|at| Some((path.get(..at)?, path.get(at + 1..)?))).unwrap_or((path, ""))
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_proxied_path_stays_as_it_was_sent() {
        for (path, slashes, expected) in [
            ("/api/datasources/proxy/uid/a", 6, ("/api/datasources/proxy/uid/a", "")),
            ("/api/datasources/proxy/uid/a/", 6, ("/api/datasources/proxy/uid/a", "")),
            ("/api/datasources/proxy/uid/a%2Fb/x/y%2Fz/", 6, ("/api/datasources/proxy/uid/a%2Fb", "x/y%2Fz/")),
            ("/api/datasources/proxy/7/x", 5, ("/api/datasources/proxy/7", "x")),
            ("/api/datasources/proxy/7//x", 5, ("/api/datasources/proxy/7", "/x")),
            ("/api/datasources/proxy/7", 5, ("/api/datasources/proxy/7", "")),
        ] {
            assert_eq!(split(path, slashes), expected, "{path}");
        }
    }
}
