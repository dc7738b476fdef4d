//! `/api/datasources/proxy/…`, before a server of the tests' own.

use crate::support::{Answer, Gate, Host, PATIENCE, Upstream, request, send};
use axum::http::request::Builder;
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::Full;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use wellhead::{
    CorePlugin, DataSource, Database, Egress, Manifest, MemoryStore, ProxySettings, QueryDataReply, Wellhead,
};
use wellhead_identity::{AuditLog, Authenticator, Identities};
use wellhead_server::{Server, ServerConfig, SignIn};

const PASSWORD: &str = "hunter2-secret";
const TOKEN: &str = "token-secret";
const ADMIN_PASSWORD: &str = "not-this-one";

/// A host, its store, and the server that the data source `web` proxies to.
struct Bench {
    host: Host,
    store: Arc<MemoryStore>,
    upstream: Upstream,
    /// Where nobody listens.
    down: SocketAddr,
}

/// With basic authentication and a header of its own.
fn web(url: String) -> DataSource {
    let source = DataSource { basic_auth: true, basic_auth_user: "me".into(), ..DataSource::new("web", "Web", "web") };
    let source = source.with_url(url).with_json_data("httpHeaderName1", "X-Api-Key").with_json_data("timeout", 1);
    source.with_secret("basicAuthPassword", PASSWORD).with_secret("httpHeaderValue1", TOKEN)
}

fn plugin(id: &str, routes: Value) -> Arc<CorePlugin> {
    let manifest =
        Manifest { routes: serde_json::from_value(routes).unwrap(), ..Manifest::core(id, "Prometheus", "1") };
    Arc::new(CorePlugin::new(manifest, |_, _| async { Ok(QueryDataReply::ready(vec![])) }))
}

/// Lets strangers in as viewers.
async fn sign_in() -> SignIn {
    let identities = Identities::open(Database::in_memory().unwrap()).await.unwrap();
    identities.ensure_admin(Some(ADMIN_PASSWORD)).await.unwrap();
    let authenticator = Authenticator::new(identities.clone()).unwrap().with_anonymous_viewer(true);
    SignIn::new(identities, authenticator, AuditLog::in_memory())
}

impl Bench {
    async fn start() -> Self {
        Self::start_with(ServerConfig::default()).await
    }

    async fn start_with(config: ServerConfig) -> Self {
        Self::serve(|wellhead| Server::new(wellhead, config)).await
    }

    async fn serve(server: impl FnOnce(Wellhead) -> Server) -> Self {
        let upstream = Upstream::start().await;
        let secretive = format!("http://me:{PASSWORD}@{}", upstream.address);
        let down = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let of = |uid: &str, plugin: &str, url: String| DataSource::new(uid, uid, plugin).with_url(url);
        let bad_header = of("bad-header", "web", upstream.url())
            .with_json_data("httpHeaderName1", "X-A")
            .with_secret("httpHeaderValue1", format!("{TOKEN}\n{TOKEN}"));
        let bad_tls = of("bad-tls", "web", upstream.url())
            .with_json_data("tlsAuthWithCACert", true)
            .with_secret("tlsCACert", TOKEN);
        let store = Arc::new(
            MemoryStore::new([
                web(upstream.url()),
                of("root", "web", secretive),
                of("prom", "prometheus", upstream.url()),
                of("orphan", "not-installed", upstream.url()),
                of("sql", "web", "db:5432".into()),
                of("empty", "web", String::new()),
                of("nowhere", "web", "http://0.0.0.0:9090".into()),
                of("down", "web", format!("http://{down}")),
                bad_header,
                bad_tls,
            ])
            .unwrap(),
        );
        let routes = json!([
            {"path": "api/v1/query", "method": "POST", "reqRole": "Viewer"},
            {"path": "rules", "method": "DELETE", "reqRole": "Editor"},
            {"path": "elsewhere", "url": "http://elsewhere.example"},
        ]);
        let wellhead = Wellhead::builder()
            .core_plugin(plugin("web", json!([])))
            .core_plugin(plugin("prometheus", routes))
            .shared_store(store.clone())
            .egress(Egress::builder().proxy(ProxySettings::None).build().unwrap())
            .guest_threads(1)
            .build()
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = Host::serve(server(wellhead), listener, Arc::new(Gate::default()));
        Self { host, store, upstream, down }
    }

    async fn send(&self, request: Builder, body: impl Into<Bytes>) -> Answer {
        self.host.send(request.body(Full::new(body.into())).unwrap()).await
    }

    /// GETs what lies below `web`'s URL.
    async fn get(&self, rest: &str) -> Answer {
        self.host.get(&path(rest)).await
    }
}

fn path(rest: &str) -> String {
    format!("/api/datasources/proxy/uid/web{rest}")
}

#[tokio::test]
async fn a_request_of_any_method_arrives_as_it_was_sent_with_the_data_sources_credentials() {
    let cors_origins = vec!["http://page.example".parse().unwrap()];
    let bench = Bench::start_with(ServerConfig { cors_origins, ..ServerConfig::default() }).await;
    for method in ["GET", "POST", "PUT", "DELETE", "PROPFIND"] {
        let sent = request(method.parse().unwrap(), &path("/echo/job%2Fx/?match=%7Ba%7D&b"))
            .header("authorization", "Bearer of-this-host")
            .header("cookie", "session=1")
            .header("x-api-key", "the-callers")
            .header("origin", "http://page.example")
            .header("connection", "x-hop")
            .header("x-hop", "1")
            .header("accept-encoding", "identity")
            .header("x-kept", "1");
        let body = if method == "POST" { "query=up" } else { "" };
        let answer = bench.send(sent, body).await.json();
        assert_eq!((&answer["method"], &answer["body"]), (&json!(method), &json!(body)));
        assert_eq!(answer["uri"], "/base/echo/job%2Fx/?match=%7Ba%7D&b");
        let headers: Vec<&str> =
            answer["headers"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let ours = |line: &&&str| !line.starts_with("content-length") && !line.starts_with("traceparent");
        let expected = [
            "accept-encoding: identity".to_owned(),
            "authorization: Basic bWU6aHVudGVyMi1zZWNyZXQ=".to_owned(),
            format!("user-agent: Wellhead/{}", env!("CARGO_PKG_VERSION")),
            format!("x-api-key: {TOKEN}"),
            "x-kept: 1".to_owned(),
        ];
        assert_eq!(headers.iter().filter(ours).collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>(), "{method}");
        assert!(headers.iter().any(|line| line.starts_with("traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-")));
    }
}

#[tokio::test]
async fn both_forms_lead_to_the_data_source_with_and_without_a_rest() {
    let bench = Bench::start().await;
    for form in ["uid/web", "1"] {
        for (rest, uri) in
            [("", "/base"), ("/", "/base"), ("?a", "/base?a"), ("/x", "/base/x"), ("/x/y/", "/base/x/y/")]
        {
            let answer = bench.host.get(&format!("/api/datasources/proxy/{form}{rest}")).await;
            assert_eq!((answer.status, &answer.json()["uri"]), (StatusCode::OK, &json!(uri)), "{form} {rest}");
        }
    }
    assert_eq!(bench.host.get("/api/datasources/proxy/x/y").await.json()["message"], "id is invalid");
    assert_eq!(bench.host.get("/api/datasources/proxy/99/y").await.status, StatusCode::NOT_FOUND);
    bench.host.wait_for_metric(r#"route="/api/datasources/proxy/uid/{uid}/{*path}""#).await;
}

#[tokio::test]
async fn an_answer_is_sandboxed_and_does_not_speak_for_this_host() {
    let bench = Bench::start().await;
    let answer = bench.get("/headers").await;
    let mut names: Vec<_> = answer.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "content-length",
        "content-security-policy",
        "content-type",
        "date",
        "traceresponse",
        "x-content-type-options",
        "x-kept",
    ];
    assert_eq!(names, expected);
    assert_eq!((answer.header("content-type"), answer.text()), ("text/html", "<p>"));
    assert_eq!(answer.header("content-security-policy"), "sandbox");
    let head = bench.send(request(Method::HEAD, &path("/headers")), "").await;
    assert_eq!((head.status, head.header("content-length"), head.text()), (StatusCode::OK, "3", ""));
    for status in [204, 304, 404, 418, 500] {
        assert_eq!(bench.get(&format!("/status?{status}")).await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn a_redirect_comes_back_through_the_proxy_or_not_at_all() {
    let bench = Bench::start().await;
    for inside in ["echo?a=b".to_owned(), "/base/echo?a=b".to_owned(), format!("{}/echo?a=b", bench.upstream.url())] {
        let answer = bench.get(&format!("/redirect?{inside}")).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (StatusCode::TEMPORARY_REDIRECT, path("/echo?a=b").as_str())
        );
        assert_eq!(bench.host.get(answer.header("location")).await.json()["uri"], "/base/echo?a=b");
    }
    let asked = bench.upstream.asked();
    for outside in ["/api/datasources/1", "http://evil.example/base/", "//evil.example", "../secret"] {
        let answer = bench.get(&format!("/redirect?{outside}")).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::BAD_GATEWAY, ""), "{outside}");
        assert_eq!(answer.json()["message"], "Data source redirects elsewhere");
    }
    assert_eq!(bench.upstream.asked(), asked + 4, "the host follows none by itself");
}

#[tokio::test]
async fn bodies_stream_through_both_ways() {
    let bench = Bench::start().await;
    let body = "hello ".repeat(200_000);
    let answer = bench.send(request(Method::POST, &path("/upper")), body.clone()).await;
    assert_eq!(answer.text(), body.to_ascii_uppercase());
    let broken = request(Method::GET, &path("/broken")).body(Full::default()).unwrap();
    assert!(send(bench.host.address, broken).await.is_err());
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_whether_or_not_it_says_its_length() {
    let bench = Bench::start_with(ServerConfig { body_bytes: 10_000, ..ServerConfig::default() }).await;
    let answer = bench.send(request(Method::POST, &path("/echo")), vec![b'a'; 10_001]).await;
    assert_eq!(
        (answer.status, &answer.json()["message"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!("Request body too large"))
    );
    assert_eq!(bench.upstream.asked(), 0);

    let mut stream = TcpStream::connect(bench.host.address).await.unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: t\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
        path("/echo")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 5_000, "a".repeat(5_000));
    stream.write_all(format!("{chunk}{chunk}{chunk}0\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(std::str::from_utf8(&answer).unwrap(), "HTTP/1.1 413");
}

#[tokio::test]
async fn a_client_that_goes_takes_its_request_along() {
    let bench = Bench::start().await;
    for held in ["/silence", "/drip"] {
        let mut stream = TcpStream::connect(bench.host.address).await.unwrap();
        let sent = format!("GET {} HTTP/1.1\r\nhost: t\r\n\r\n", path(held));
        stream.write_all(sent.as_bytes()).await.unwrap();
        bench.upstream.wait_for_held(1).await;
        drop(stream);
        bench.upstream.wait_for_held(0).await;
    }
}

#[tokio::test]
async fn a_data_source_that_changes_is_proxied_as_it_is_now() {
    let bench = Bench::start().await;
    assert_eq!(bench.get("/echo").await.json()["uri"], "/base/echo");
    let changed = web(format!("http://{}/other", bench.upstream.address)).with_secret("httpHeaderValue1", "new-key");
    bench.store.replace([changed]).unwrap();
    let answer = bench.get("/echo").await.json();
    assert_eq!(answer["uri"], "/other/echo");
    assert!(answer["headers"].to_string().contains("x-api-key: new-key"), "{answer}");
    bench.store.replace([]).unwrap();
    assert_eq!(bench.get("/echo").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn paths_that_leave_the_data_source_are_refused_and_nobody_is_asked() {
    let bench = Bench::start().await;
    for path in [
        "/../x",
        "/a/..",
        "/%2e%2e/x",
        "/%252e%252e/x",
        "/a%2f..%2fb",
        "/a%5c..%5cb",
        "/a%00",
        "//evil.example",
        "/%2fevil.example",
        "/http://evil.example/",
        "/http:%2f%2fevil.example",
    ] {
        let answer = bench.get(path).await;
        let refused = (StatusCode::BAD_REQUEST, &json!("Invalid proxy path"));
        assert_eq!((answer.status, &answer.json()["message"]), refused, "{path}");
    }
    assert_eq!(bench.upstream.asked(), 0);
}

#[tokio::test]
async fn the_plugins_routes_say_what_may_be_sent() {
    let bench = Bench::start().await;
    let to = |method: Method, rest: &str| request(method, &format!("/api/datasources/proxy/uid/prom{rest}"));
    assert_eq!(bench.send(to(Method::POST, "/api/v1/query"), "query=up").await.status, StatusCode::OK);
    assert_eq!(bench.send(to(Method::GET, "/api/v1/labels"), "").await.status, StatusCode::OK);
    let asked = bench.upstream.asked();
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let answer = bench.send(to(method.clone(), "/api/v1/admin/tsdb/delete_series"), "").await;
        let message = format!("non allow-listed {method}s not allowed on proxied Prometheus datasource");
        assert_eq!((answer.status, &answer.json()["message"]), (StatusCode::FORBIDDEN, &json!(message)));
    }
    assert_eq!(bench.send(to(Method::GET, "/elsewhere"), "").await.status, StatusCode::NOT_IMPLEMENTED);
    assert_eq!(bench.send(to(Method::TRACE, "/"), "").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(bench.upstream.asked(), asked);
}

#[tokio::test]
async fn a_route_with_a_role_is_for_those_who_have_it_and_not_for_strangers() {
    let sign_in = sign_in().await;
    let bench = Bench::serve(|wellhead| Server::new(wellhead, ServerConfig::default()).sign_in(sign_in)).await;
    let delete = || request(Method::DELETE, "/api/datasources/proxy/uid/prom/rules/one");
    let stranger = bench.send(delete(), "").await;
    let refused = (StatusCode::FORBIDDEN, &json!("plugin proxy route access denied"));
    assert_eq!((stranger.status, &stranger.json()["message"]), refused);
    assert_eq!(bench.upstream.asked(), 0);
    // "admin" and the password.
    let answer = bench.send(delete().header("authorization", "Basic YWRtaW46bm90LXRoaXMtb25l"), "").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(!answer.text().contains("authorization"), "what one signs in with stays here: {}", answer.text());
}

#[tokio::test]
async fn the_table_of_proxy_failures_holds_no_secret() {
    let bench = Bench::start().await;
    let cases = [
        ("nope", "x"),
        ("orphan", "x"),
        ("sql", "x"),
        ("empty", "x"),
        ("nowhere", "x"),
        ("down", "x"),
        ("bad-header", "x"),
        ("bad-tls", "x"),
        ("web", "status?401"),
        ("web", "silence"),
        ("root", "base/redirect?http://evil.example/"),
        ("web", "redirect?/"),
    ];
    let shown = stream::iter(cases).then(async |(uid, rest)| {
        let answer = bench.host.get(&format!("/api/datasources/proxy/uid/{uid}/{rest}")).await;
        format!("# {uid} {rest}\n{}\n", answer.shown())
    });
    let shown = shown.collect::<Vec<_>>().await.join("\n");
    for secret in [PASSWORD, TOKEN, "bWU6"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let shown = shown.replace(&bench.upstream.address.to_string(), "UPSTREAM");
    insta::assert_snapshot!(shown.replace(&bench.down.to_string(), "NOBODY"));
}
