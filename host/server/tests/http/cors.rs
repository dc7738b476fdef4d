//! Pages of other origins: none unless they are named, and then those alone.

use crate::support::{Answer, Host, request};
use axum::http::{Method, StatusCode};
use http_body_util::Full;
use wellhead_server::ServerConfig;

const NAMED: &str = "https://grafana.example";

async fn host(origins: &[&str]) -> Host {
    let cors_origins = origins.iter().map(|origin| origin.parse().unwrap()).collect();
    Host::start_with(ServerConfig { cors_origins, ..ServerConfig::default() }).await
}

async fn ask(host: &Host, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut asked = request(method, path);
    for (name, value) in headers {
        asked = asked.header(*name, *value);
    }
    host.send(asked.body(Full::default()).unwrap()).await
}

fn preflight(origin: &str) -> [(&str, &str); 3] {
    [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,x-grafana-org-id"),
    ]
}

fn cors_headers(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.keys().map(axum::http::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn without_named_origins_no_answer_has_a_cors_header() {
    let host = host(&[]).await;
    let answer = ask(&host, Method::OPTIONS, "/api/ds/query", &preflight(NAMED)).await;
    assert_eq!((answer.status, cors_headers(&answer)), (StatusCode::METHOD_NOT_ALLOWED, vec![]));
    for path in ["/api/health", "/no/such/path"] {
        let answer = ask(&host, Method::GET, path, &[("origin", NAMED)]).await;
        assert_eq!((cors_headers(&answer), answer.header("vary")), (vec![], ""), "{path}");
    }
}

#[tokio::test]
async fn pages_of_a_named_origin_may_ask_with_credentials_and_read_errors_too() {
    let host = host(&["https://other.example", NAMED]).await;
    let answer = ask(&host, Method::OPTIONS, "/api/ds/query", &preflight(NAMED)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), NAMED);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("access-control-allow-headers"), "authorization,content-type,x-grafana-org-id");
    assert_eq!(answer.header("access-control-max-age"), "600");
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(answer.header("access-control-allow-methods").contains(method), "{method}");
    }
    for (path, status) in [("/api/health", StatusCode::OK), ("/no/such/path", StatusCode::NOT_FOUND)] {
        let answer = ask(&host, Method::GET, path, &[("origin", NAMED)]).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, NAMED), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert!(answer.header("access-control-expose-headers").contains("traceresponse"));
        assert!(answer.header("vary").contains("origin"));
    }
}

#[tokio::test]
async fn pages_of_any_other_origin_may_not() {
    let host = host(&[NAMED]).await;
    for origin in [
        "https://evil.example",
        "null",
        "http://grafana.example",
        "https://grafana.example:8443",
        "https://a.grafana.example",
    ] {
        let answer = ask(&host, Method::OPTIONS, "/api/ds/query", &preflight(origin)).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        let answer = ask(&host, Method::GET, "/api/health", &[("origin", origin)]).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (StatusCode::OK, ""), "{origin}");
    }
}
