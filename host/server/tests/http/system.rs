//! Routes about the host itself.

use crate::support::{ADMIN, As, EDITOR, Gate, Host, ROOT, SignedHost, VIEWER, request};
use axum::http::{Method, StatusCode};
use futures::future::{BoxFuture, ready};
use futures::stream::BoxStream;
use http_body_util::Full;
use serde_json::json;
use std::sync::Arc;
use tokio::net::TcpListener;
use wellhead::{
    Change, DataSource, DataSourceKey, DataSourceStore, DeleteDataSource, MemoryStore, Revision, SecretValues,
    StoreError, UpdateDataSource, Wellhead,
};
use wellhead_server::{Server, ServerConfig};

/// A store whose disk is gone.
struct Gone(MemoryStore);

fn gone<T: Send + 'static>() -> BoxFuture<'static, Result<T, StoreError>> {
    Box::pin(ready(Err(StoreError::Backend("the disk is gone".into()))))
}

impl DataSourceStore for Gone {
    fn get<'a>(&'a self, _: i64, _: &'a DataSourceKey) -> BoxFuture<'a, Result<Arc<DataSource>, StoreError>> {
        gone()
    }

    fn list(&self, _: i64) -> BoxFuture<'_, Result<Vec<Arc<DataSource>>, StoreError>> {
        gone()
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<Arc<DataSource>>, StoreError>> {
        gone()
    }

    fn of_type<'a>(
        &'a self,
        _: Option<i64>,
        _: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Arc<DataSource>>, StoreError>> {
        gone()
    }

    fn add(&self, _: DataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>> {
        gone()
    }

    fn update(&self, _: UpdateDataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>> {
        gone()
    }

    fn delete(&self, _: DeleteDataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>> {
        gone()
    }

    fn open_secrets<'a>(&'a self, _: &'a DataSource) -> BoxFuture<'a, Result<SecretValues, StoreError>> {
        gone()
    }

    fn watch(&self, from: Revision) -> BoxStream<'static, Change> {
        self.0.watch(from)
    }
}

#[tokio::test]
async fn health_says_when_what_the_host_keeps_cannot_be_read() {
    let store = Gone(MemoryStore::new([]).unwrap());
    let wellhead = Wellhead::builder().store(store).guest_threads(1).build().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = Host::serve(Server::new(wellhead, ServerConfig::default()), listener, Arc::new(Gate::default()));
    let health = host.get("/api/health").await;
    assert_eq!((health.status, &health.json()["database"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("failing")));
    assert!(!health.text().contains("disk"), "why is for the log: {}", health.text());
    assert_eq!(host.get("/livez").await.status, StatusCode::OK);
}

#[tokio::test]
async fn metrics_of_every_org_are_for_who_runs_the_server() {
    let host = SignedHost::start().await;
    for who in [VIEWER, EDITOR, ADMIN] {
        assert_eq!(host.get(who, "/metrics").await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(host.get(ROOT, "/metrics").await.status, StatusCode::OK);
    let made = host.post(ADMIN, "/api/serviceaccounts", json!({"name": "scraper", "role": "Viewer"})).await.json();
    let tokens = format!("/api/serviceaccounts/{}/tokens", made["id"]);
    let key = host.post(ADMIN, &tokens, json!({"name": "t"})).await.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(host.get(As::Token(key), "/metrics").await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_sign_in_nobody_is_the_machines_operator_and_foreign_pages_change_nothing() {
    let host = Host::start().await;
    let ask = async |path: &str, origin: &str| {
        let asked = request(Method::POST, path).header("content-type", "application/json").header("origin", origin);
        host.send(asked.body(Full::new("{}".into())).unwrap()).await.status
    };
    let rotate = request(Method::POST, "/api/wellhead/secrets/rotate").body(Full::default()).unwrap();
    assert_eq!(host.send(rotate).await.status, StatusCode::FORBIDDEN);
    for path in ["/api/datasources/uid/two/resources/x", "/api/datasources/proxy/uid/two/x", "/api/datasources"] {
        assert_eq!(ask(path, "http://evil.example").await, StatusCode::FORBIDDEN, "{path}");
    }
    let own = request(Method::POST, "/api/datasources/uid/two/resources/x").header("origin", "http://127.0.0.1:1");
    let mut own = own.body(Full::default()).unwrap();
    own.headers_mut().insert("host", "127.0.0.1:1".parse().unwrap());
    assert_eq!(host.send(own).await.status, StatusCode::OK);
}

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
