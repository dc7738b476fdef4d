//! `/api/datasources/uid/:uid/resources/*`.

use crate::support::{Host, request, send};
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::json;
use wellhead_server::ServerConfig;

fn path(rest: &str) -> String {
    format!("/api/datasources/uid/one/resources{rest}")
}

#[tokio::test]
async fn a_call_of_any_method_reaches_the_plugin_as_it_was_sent() {
    let cors_origins = vec!["http://page.example".parse().unwrap()];
    let host = Host::start_with(ServerConfig { cors_origins, ..ServerConfig::default() }).await;
    for method in ["GET", "POST", "DELETE", "PROPFIND"] {
        let request = request(method.parse().unwrap(), &path("/label/job%2Fx/values?match=%7Ba%7D"))
            .header("connection", "x-hop")
            .header("x-hop", "1")
            .header("authorization", "Bearer t")
            .header("cookie", "a=b")
            .header("origin", "http://page.example")
            .header("x-kept", "1");
        let answer = host.send(request.body(Full::default()).unwrap()).await;
        let expected = json!({
            "method": method,
            "path": "label/job%2Fx/values",
            "query": "match=%7Ba%7D",
            "headers": ["traceparent", "x-kept"],
        });
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, expected));
        assert_eq!(answer.header("content-type"), "application/json");
    }
    assert_eq!(host.get(&path("")).await.json()["path"], "");
}

#[tokio::test]
async fn cookies_and_headers_of_the_hop_stay_here_and_the_answer_is_sandboxed() {
    let host = Host::start().await;
    let answer = host.get(&path("/headers")).await;
    let mut names: Vec<_> = answer.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "content-security-policy",
        "content-type",
        "date",
        "traceresponse",
        "transfer-encoding",
        "x-content-type-options",
        "x-kept",
    ];
    assert_eq!(names, expected);
    assert_eq!((answer.header("content-type"), answer.text()), ("text/html", "<p>"));
    assert_eq!(answer.header("content-security-policy"), "sandbox");
    let empty = host.get(&path("/empty")).await;
    assert_eq!((empty.status, empty.header("content-type")), (StatusCode::NO_CONTENT, ""));
}

#[tokio::test]
async fn bodies_stream_through_both_ways() {
    let host = Host::start().await;
    let body = "hello ".repeat(100_000);
    let request = request(Method::POST, &path("/upper")).body(Full::new(Bytes::from(body.clone()))).unwrap();
    assert_eq!(host.send(request).await.text(), body.to_ascii_uppercase());
}

#[tokio::test]
async fn a_body_that_breaks_off_is_seen_to_be_broken() {
    let host = Host::start().await;
    let request = request(Method::GET, &path("/broken")).body(Full::default()).unwrap();
    assert!(send(host.address, request).await.is_err());
}

#[tokio::test]
async fn paths_that_climb_are_refused() {
    let host = Host::start().await;
    for climb in ["/../x", "/a/..", "/%2e%2e/x", "/%252e%252e/x", "/a%2f..%2fb", "/a%5cb", "/a%00"] {
        let answer = host.get(&path(climb)).await;
        assert_eq!(
            (answer.status, &answer.json()["message"]),
            (StatusCode::BAD_REQUEST, &json!("Invalid resource path")),
            "{climb}"
        );
    }
}

#[tokio::test]
async fn the_table_of_resource_failures() {
    let host = Host::start().await;
    let mut shown = Vec::new();
    for (uid, path) in [("nope", "x"), ("orphan", "x"), ("one", "unimplemented"), ("one", "crash"), ("one", "teapot")] {
        let answer = host.get(&format!("/api/datasources/uid/{uid}/resources/{path}")).await;
        shown.push(format!("# {uid} {path}\n{}\n", answer.shown()));
    }
    insta::assert_snapshot!(shown.join("\n"));
}
