//! What goes out with a request, and what comes back with a response.

use bytes::Bytes;
use futures::stream;
use http::{Method, Request};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::json;
use wellhead_egress::{BoxError, EgressError, RequestBody};

use crate::support::{Server, Settings, client, host, reply, request, send};

fn streamed(frames: Vec<Result<&'static str, &'static str>>) -> RequestBody {
    let frames = frames
        .into_iter()
        .map(|frame| frame.map(|text| Frame::data(Bytes::from_static(text.as_bytes()))).map_err(BoxError::from));
    RequestBody::new(StreamBody::new(stream::iter(frames)))
}

async fn echo() -> Server {
    Server::http(|seen| reply(200, seen.body.clone())).await
}

#[tokio::test]
async fn configured_credentials_take_the_place_of_the_guests() {
    let server = echo().await;
    let settings = Settings { basic_auth: Some("user"), ..Settings::of(server.url("")) }
        .json(json!({ "httpHeaderName1": "X-Scope-OrgID" }))
        .secret("basicAuthPassword", "pass")
        .secret("httpHeaderValue1", "tenant");
    let ask = Request::get(server.url("/"))
        .header("authorization", "Bearer guest")
        .header("x-scope-orgid", "another")
        .body(RequestBody::empty())
        .unwrap();
    send(&settings.client(host()), ask).await.unwrap();
    let last = server.last();
    assert_eq!(last.header("authorization"), Some("Basic dXNlcjpwYXNz"));
    assert_eq!(last.headers.get_all("x-scope-orgid").iter().collect::<Vec<_>>(), ["tenant"]);
}

#[tokio::test]
async fn the_guests_own_authorization_stays_where_none_is_configured() {
    let server = echo().await;
    let ask = Request::get(server.url("/")).header("authorization", "Bearer guest").body(RequestBody::empty()).unwrap();
    send(&client(&server.url("")), ask).await.unwrap();
    assert_eq!(server.last().header("authorization"), Some("Bearer guest"));
}

#[tokio::test]
async fn another_origin_gets_no_credentials() {
    let (own, other) = (echo().await, echo().await);
    let mut settings = Settings { basic_auth: Some("user"), ..Settings::of(own.url("")) };
    settings.operators = vec![other.url("")];
    send(&settings.client(host()), request(other.url("/"))).await.unwrap();
    assert_eq!(other.last().header("authorization"), None);
}

#[tokio::test]
async fn a_user_in_the_url_is_basic_authentication_and_not_part_of_the_host() {
    let server = echo().await;
    let with_user = format!("http://us%40er:pass@{}/x", server.address);
    send(&client(&server.url("")), request(&with_user)).await.unwrap();
    let last = server.last();
    assert_eq!(last.header("authorization"), Some("Basic dXNAZXI6cGFzcw=="));
    assert_eq!(last.header("host"), Some(server.address.to_string().as_str()));
    send(&client(&with_user), request(server.url("/"))).await.unwrap();
    assert_eq!(server.last().header("authorization"), Some("Basic dXNAZXI6cGFzcw=="));
}

#[tokio::test]
async fn path_and_query_go_out_as_they_were_written() {
    let server = echo().await;
    let target = "/a/../b%2Fc//d;e?q=%20+x&y=%7B%7D&z='";
    send(&client(&server.url("")), request(server.url(target))).await.unwrap();
    assert_eq!(server.last().uri, target);
}

#[tokio::test]
async fn the_connection_is_ours_and_the_host_is_the_urls() {
    let server = echo().await;
    let client = client(&server.url(""));
    let ask =
        |name: &str, value: &str| Request::get(server.url("/")).header(name, value).body(RequestBody::empty()).unwrap();
    for (name, value) in
        [("connection", "close"), ("upgrade", "websocket"), ("te", "trailers"), ("transfer-encoding", "chunked")]
    {
        send(&client, ask(name, value)).await.unwrap();
        assert_eq!(server.last().header(name), None, "{name}");
    }
    for (name, value) in [("host", "evil.example"), ("proxy-authorization", "Basic x")] {
        let error = send(&client, ask(name, value)).await.unwrap_err();
        assert!(matches!(error, EgressError::InvalidRequest { .. }) && error.status_hint() == 400, "{error}");
    }
    send(&client, ask("host", &server.address.to_string())).await.unwrap();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn what_describes_the_servers_connection_does_not_come_back_and_cookies_are_not_kept() {
    let server = Server::http(|_| {
        let mut response = reply(200, "ok");
        for (name, value) in
            [("connection", "keep-alive, x-hop"), ("x-hop", "1"), ("set-cookie", "a=b"), ("x-own", "1")]
        {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    })
    .await;
    let client = client(&server.url(""));
    for _ in 0..2 {
        let response = send(&client, request(server.url("/"))).await.unwrap();
        assert!(response.headers().get("connection").is_none() && response.headers().get("x-hop").is_none());
        assert!(response.headers().get("x-own").is_some() && response.headers().get("set-cookie").is_some());
        assert_eq!(server.last().header("cookie"), None);
    }
}

#[tokio::test]
async fn a_get_whose_body_is_an_empty_stream_goes_out_without_a_body() {
    let server = echo().await;
    let client = client(&server.url(""));
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        let ask = Request::builder().method(&method).uri(server.url("/")).body(streamed(vec![Ok("")])).unwrap();
        send(&client, ask).await.unwrap();
        let last = server.last();
        assert_eq!((last.header("transfer-encoding"), last.header("content-length")), (None, None), "{method}");
    }
}

#[tokio::test]
async fn a_body_in_pieces_arrives_whole_whatever_the_method() {
    let server = echo().await;
    let client = client(&server.url(""));
    for method in [Method::POST, Method::GET] {
        let ask =
            Request::builder().method(method).uri(server.url("/")).body(streamed(vec![Ok("a"), Ok(""), Ok("bc")]));
        let response = send(&client, ask.unwrap()).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "abc");
    }
}

#[tokio::test]
async fn a_get_with_a_long_body_arrives_whole() {
    let server = echo().await;
    let big = Bytes::from(vec![b'x'; 50_000]);
    let frames: Vec<_> = (0..3).map(|_| Ok::<_, BoxError>(Frame::data(big.clone()))).collect();
    let body = RequestBody::new(StreamBody::new(stream::iter(frames)));
    send(&client(&server.url("")), Request::get(server.url("/")).body(body).unwrap()).await.unwrap();
    assert_eq!(server.last().body.len(), 150_000);
}

#[tokio::test]
async fn a_declared_length_is_kept_and_must_be_true() {
    let server = echo().await;
    let client = client(&server.url(""));
    let ask = |length: &str, body: RequestBody| {
        Request::post(server.url("/")).header("content-length", length).body(body).unwrap()
    };
    send(&client, ask("3", streamed(vec![Ok("a"), Ok("bc")]))).await.unwrap();
    let last = server.last();
    assert_eq!((last.header("content-length"), last.header("transfer-encoding")), (Some("3"), None));

    for (length, body) in [
        ("4", streamed(vec![Ok("abc")])),
        ("2", streamed(vec![Ok("abc")])),
        ("4", RequestBody::full("abc")),
        ("1", RequestBody::empty()),
        ("x", RequestBody::empty()),
    ] {
        let error = send(&client, ask(length, body)).await.unwrap_err();
        assert!(matches!(error, EgressError::InvalidRequest { .. }), "{length}: {error}");
    }
}

#[tokio::test]
async fn a_body_that_fails_is_the_callers_error() {
    let server = echo().await;
    for method in [Method::POST, Method::GET] {
        let ask =
            Request::builder().method(method).uri(server.url("/")).body(streamed(vec![Ok("a"), Err("guest gone")]));
        let error = send(&client(&server.url("")), ask.unwrap()).await.unwrap_err();
        assert_eq!(error, EgressError::RequestBody { reason: "guest gone".to_owned() });
    }
}

#[tokio::test]
async fn what_is_not_allowed_is_not_asked() {
    let (own, other) = (echo().await, echo().await);
    let client = client(&own.url(""));
    for url in [other.url("/"), own.url_as("localhost", "/"), format!("https://{}/", own.address)] {
        let error = send(&client, request(&url)).await.unwrap_err();
        assert!(matches!(error, EgressError::Denied { .. }), "{error}");
    }
    let error = send(&client, request("/relative")).await.unwrap_err();
    assert!(matches!(error, EgressError::InvalidUrl { .. }), "{error}");
    assert_eq!((own.connections(), other.connections()), (0, 0));
}

#[test]
fn the_future_of_a_request_can_be_spawned_and_outlives_its_client() {
    fn spawnable<F: Future + Send + 'static>(future: F) {
        drop(future);
    }
    let client = client("http://prom.example");
    let response = client.send(request("http://prom.example/"), &Default::default());
    drop(client);
    spawnable(response);
}
