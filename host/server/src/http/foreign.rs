//! Answers that somebody else wrote: a plugin, or a data source's own server. A browser must not take them for this
//! host's, nor let them speak for it.

use super::{body_of, remove_hop_by_hop};
use axum::body::Body;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, SET_COOKIE, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures::Stream;

/// What browsers apply to the whole host that sent it, beside `Access-Control-*`.
const SPEAKS_FOR_THE_HOST: [HeaderName; 6] = [
    SET_COOKIE,
    STRICT_TRANSPORT_SECURITY,
    HeaderName::from_static("alt-svc"),
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("nel"),
    HeaderName::from_static("service-worker-allowed"),
];

/// Whether an answer to `method` with this status has a body.
pub(crate) fn has_body(method: &Method, status: StatusCode) -> bool {
    method != Method::HEAD && status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED
}

/// The response to send: sandboxed, its body streamed. `body` is dropped where the answer has none, or when the client
/// goes.
pub(crate) fn foreign_response<S, E>(
    (method, status): (&Method, StatusCode),
    mut headers: HeaderMap,
    body: S,
) -> Response
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    remove_hop_by_hop(&mut headers);
    let is_cors = |name: &&HeaderName| name.as_str().starts_with("access-control-");
    let cors: Vec<HeaderName> = headers.keys().filter(is_cors).cloned().collect();
    for name in SPEAKS_FOR_THE_HOST.iter().chain(&cors) {
        headers.remove(name);
    }
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let body = if has_body(method, status) { body_of(body) } else { Body::empty() };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;

    #[test]
    fn what_would_speak_for_this_host_is_taken_out() {
        let names = [
            "set-cookie",
            "strict-transport-security",
            "access-control-allow-origin",
            "clear-site-data",
            "connection",
            "content-security-policy",
            "content-type",
            "etag",
        ];
        let headers = names.map(|name| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_static("x")));
        let nothing = stream::empty::<Result<Bytes, String>>();
        let answered = (&Method::HEAD, StatusCode::OK);
        let response = foreign_response(answered, headers.into_iter().collect(), nothing);
        let mut left: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["content-security-policy", "content-type", "etag", "x-content-type-options"]);
        assert_eq!(response.headers()["content-security-policy"], "sandbox");
    }
}
