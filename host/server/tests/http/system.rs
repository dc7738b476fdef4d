//! Routes about the host itself.

use crate::support::Host;
use axum::http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn health_settings_and_org_say_what_clients_read() {
    let host = Host::start().await;
    let health = host.get("/api/health").await.json();
    assert_eq!((&health["database"], &health["commit"]), (&json!("ok"), &json!("")));
    let settings = host.get("/api/frontend/settings").await.json();
    let version = settings["buildInfo"]["version"].as_str().unwrap();
    assert!(version.split('.').next().unwrap().parse::<u32>().unwrap() >= 9, "grafana-client wants 9 or newer");
    assert_eq!((&health["version"], &settings["defaultDatasource"]), (&json!(version), &json!("One")));
    assert_eq!(host.get("/api/org").await.json(), json!({"id": 1, "name": "Main Org."}));
}

#[tokio::test]
async fn plugins_are_listed_by_type() {
    let host = Host::start().await;
    let all = host.get("/api/plugins").await.json();
    insta::assert_snapshot!(serde_json::to_string_pretty(&all).unwrap());
    assert_eq!(host.get("/api/plugins?type=datasource").await.json(), all);
    assert_eq!(host.get("/api/plugins?type=panel").await.json(), json!([]));
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_never_by_path() {
    let host = Host::start().await;
    host.get("/api/datasources/uid/one").await;
    host.get("/api/datasources/uid/nope").await;
    host.get("/no/such/path").await;
    host.get("/api/datasources/uid/one/health").await;
    let metrics = host.get("/metrics").await;
    for line in [
        "wellhead_http_requests_total{route=\"/api/datasources/uid/{uid}\",method=\"GET\",status=\"200\"} 1",
        "wellhead_http_requests_total{route=\"/api/datasources/uid/{uid}\",method=\"GET\",status=\"404\"} 1",
        "wellhead_http_requests_total{route=\"unmatched\",method=\"GET\",status=\"404\"} 1",
        "wellhead_http_request_seconds_count{route=\"/api/datasources/uid/{uid}\"} 2",
        "wellhead_http_requests_in_flight 1",
    ] {
        assert!(metrics.text().lines().any(|found| found == line), "{line}\n{}", metrics.text());
    }
    assert!(metrics.text().contains("wellhead_plugin_calls_total{plugin=\"scripted\""), "the runtime's are there too");
    assert!(metrics.text().ends_with("# EOF\n") && metrics.text().matches("# EOF").count() == 1);
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
}

#[tokio::test]
async fn probes_answer() {
    let host = Host::start().await;
    for path in ["/livez", "/readyz"] {
        assert_eq!(host.get(path).await.status, StatusCode::OK, "{path}");
    }
}
