//! Redirects: every target is judged anew, and credentials stay where they belong.

use bytes::Bytes;
use futures::stream;
use http::{Method, Request, Response, header::LOCATION};
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::json;
use wellhead_egress::{BoxError, EgressError, EgressLimits, Redirects, RequestBody, RequestOptions};

use crate::support::{Body, Server, Settings, client, get, host, limits, reply, request, send};

fn to(status: u16, location: &str) -> Response<Body> {
    let mut response = reply(status, "elsewhere");
    response.headers_mut().insert(LOCATION, location.parse().unwrap());
    response
}

/// A server that sends everything but `/end` elsewhere.
async fn redirecting(status: u16, location: String) -> Server {
    Server::http(move |seen| if seen.uri.path() == "/end" { reply(200, "end") } else { to(status, &location) }).await
}

fn streamed(pieces: &[&'static str]) -> RequestBody {
    let frames: Vec<_> =
        pieces.iter().map(|piece| Ok::<_, BoxError>(Frame::data(Bytes::from_static(piece.as_bytes())))).collect();
    RequestBody::new(StreamBody::new(stream::iter(frames)))
}

fn post(url: String, body: RequestBody) -> Request<RequestBody> {
    Request::post(url).header("content-type", "text/plain").body(body).unwrap()
}

#[tokio::test]
async fn within_the_origin_credentials_go_along() {
    let server = redirecting(302, "end?x=1".to_owned()).await;
    let settings = Settings { basic_auth: Some("u"), ..Settings::of(server.url("")) };
    let client = settings.secret("basicAuthPassword", "p").client(host());
    assert_eq!(get(&client, server.url("/start")).await.unwrap().1, "end");
    let last = server.last();
    assert_eq!(last.uri, "/end?x=1");
    assert_eq!(last.header("authorization"), Some("Basic dTpw"));
}

#[tokio::test]
async fn to_another_allowed_origin_nothing_secret_goes_along() {
    let other = redirecting(302, String::new()).await;
    let server = redirecting(307, other.url("/end")).await;
    let mut settings = Settings { basic_auth: Some("u"), ..Settings::of(server.url("")) }
        .json(json!({ "httpHeaderName1": "X-Configured" }))
        .secret("basicAuthPassword", "s3cret")
        .secret("httpHeaderValue1", "s3cret");
    settings.operators = vec![other.url("")];
    let request = Request::get(server.url("/"))
        .header("cookie", "s3cret")
        .header("x-api-key", "s3cret")
        .header("accept", "text/plain")
        .body(RequestBody::empty())
        .unwrap();
    send(&settings.client(host()), request).await.unwrap();
    assert_eq!(server.last().header("x-configured"), Some("s3cret"));
    let last = other.last();
    assert_eq!(last.header("accept"), Some("text/plain"));
    assert!(!format!("{last:?}").contains("s3cret") && last.header("authorization").is_none(), "{last:?}");
}

#[tokio::test]
async fn the_user_in_a_location_is_ignored() {
    let server = Server::http(|_| reply(200, "")).await;
    let location = format!("http://evil:s3cret@{}/end", server.address);
    drop(server);
    let server = redirecting(302, location).await;
    let own = server.url("");
    let error = get(&client(&own), format!("{own}/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Denied { .. }) && !error.to_string().contains("s3cret"), "{error}");
}

#[tokio::test]
async fn to_an_origin_that_is_not_allowed_is_denied_before_it_is_asked() {
    let other = redirecting(302, String::new()).await;
    let server = redirecting(302, other.url("/end?token=s3cret")).await;
    let error = get(&client(&server.url("")), server.url("/")).await.unwrap_err();
    let (from, to) = (server.url(""), other.url(""));
    assert_eq!(
        error.to_string(),
        format!(
            "{to} is not an origin of this data source; allowed: {from}; {from} redirected to it; correct the data source's \
             URL, or add the origin to `wellhead.origins` in the plugin's manifest and grant it"
        )
    );
    assert_eq!(error.status_hint(), 403);
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn a_303_turns_a_post_into_a_get_without_body() {
    let server = redirecting(303, "/end".to_owned()).await;
    send(&client(&server.url("")), post(server.url("/"), streamed(&["query"]))).await.unwrap();
    let last = server.last();
    assert_eq!((last.method.clone(), last.body.len(), last.header("content-type")), (Method::GET, 0, None));
}

#[tokio::test]
async fn a_307_and_a_308_repeat_method_and_body_even_of_a_stream() {
    for status in [307, 308] {
        for body in [RequestBody::full("query=up"), streamed(&["query", "=up"])] {
            let server = redirecting(status, "/end".to_owned()).await;
            let response = send(&client(&server.url("")), post(server.url("/"), body)).await.unwrap();
            assert_eq!(response.status(), 200);
            let last = server.last();
            assert_eq!((last.method.clone(), &last.body[..]), (Method::POST, &b"query=up"[..]));
            assert_eq!(last.header("content-type"), Some("text/plain"));
        }
    }
}

#[tokio::test]
async fn a_stream_too_long_to_be_kept_cannot_be_sent_again() {
    let server = redirecting(307, "/end".to_owned()).await;
    let big = Bytes::from(vec![b'x'; 40_000]);
    let frames: Vec<_> = (0..2).map(|_| Ok::<_, BoxError>(Frame::data(big.clone()))).collect();
    let body = RequestBody::new(StreamBody::new(stream::iter(frames)));
    let error = send(&client(&server.url("")), post(server.url("/"), body)).await.unwrap_err();
    assert!(matches!(error, EgressError::Redirect { .. }), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_circle_ends_at_the_limit() {
    let server = redirecting(302, "/again".to_owned()).await;
    let limits = EgressLimits { max_redirects: 3, ..limits() };
    let error = get(&Settings::of(server.url("")).client(host().limits(limits)), server.url("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::TooManyRedirects { limit: 3, .. }), "{error}");
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn redirects_are_handed_over_where_that_is_asked() {
    let server = redirecting(302, "http://elsewhere.example/".to_owned()).await;
    let options = RequestOptions { redirects: Redirects::HandOver, ..RequestOptions::default() };
    let response = client(&server.url("")).send(request(server.url("/")), &options).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()[LOCATION]),
        (302, &"http://elsewhere.example/".parse().unwrap())
    );
}

#[tokio::test]
async fn a_location_that_is_no_http_url_is_an_error() {
    let server = redirecting(302, "file:///etc/passwd".to_owned()).await;
    let error = get(&client(&server.url("")), server.url("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Redirect { .. }), "{error}");
}
