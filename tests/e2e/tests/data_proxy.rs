//! The data proxy of the real server before a real Prometheus that wants to know who asks: what comes through is, byte
//! for byte, what Prometheus answers directly.

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wellhead::{DataSource, Egress, MemoryStore, ProxySettings, Wellhead};
use wellhead_e2e::host::wasm;
use wellhead_e2e::http::{self, Answer};
use wellhead_e2e::openmetrics::{self, START};
use wellhead_e2e::prometheus::{PASSWORD, Prometheus, USER};
use wellhead_server::{Server, ServerConfig};

/// Not the password: wrong ones must not show either.
const WRONG: &str = "not-the-password";

/// A server with the plugin `prometheus`, and before it the data sources `right` and `wrong`.
struct Front {
    port: u16,
    served: JoinHandle<()>,
}

impl Front {
    async fn start(server: &Prometheus) -> Result<Self> {
        let source = |uid: &str, password: &str| {
            let source = DataSource::new(uid, uid, "prometheus").with_url(server.url());
            let source = source.with_secret("basicAuthPassword", password);
            DataSource { basic_auth: true, basic_auth_user: USER.to_owned(), ..source }
        };
        let wellhead = Wellhead::builder()
            .plugin_file(wasm("prometheus")?)
            .store(MemoryStore::new([source("right", PASSWORD), source("wrong", WRONG)])?)
            .egress(Egress::builder().proxy(ProxySettings::None).build()?)
            .build()
            .await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let server = Server::new(wellhead, ServerConfig::default());
        let served = tokio::spawn(server.serve(listener, std::future::pending()));
        Ok(Self { port, served })
    }

    async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Answer> {
        http::get(self.port, &format!("/api/datasources/proxy{path}"), parameters).await
    }

    async fn post(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Answer> {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let body = http::form(parameters);
        http::post(self.port, &format!("/api/datasources/proxy{path}"), &headers, body.as_bytes()).await
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// What Prometheus answers itself.
async fn direct(server: &Prometheus, path: &str, parameters: &[(&str, &str)]) -> Result<Answer> {
    http::get_with(server.port(), path, parameters, &[("Authorization", "Basic YWRtaW46dGVzdA==")]).await
}

fn result(answer: &Answer) -> Result<Value> {
    let body: Value = serde_json::from_slice(&answer.body)?;
    body.pointer("/data/result").cloned().with_context(|| body.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_through_the_proxy_is_what_prometheus_answers() -> Result<()> {
    let server = Prometheus::guarded(&openmetrics::text())?;
    let front = Front::start(&server).await?;
    assert_eq!(server.ask("/api/v1/query", &[("query", "1")]).await?.status, 401, "it answers nobody unknown");

    let time = (START + 3_600).to_string();
    let parameters = [("query", "sort({__name__=~\".+\"})"), ("time", time.as_str())];
    let expected = result(&direct(&server, "/api/v1/query", &parameters).await?)?;
    assert!(expected.as_array().context("series")?.len() > 5, "{expected}");
    for form in ["/uid/right", "/1"] {
        let path = format!("{form}/api/v1/query");
        let (get, post) = (front.get(&path, &parameters).await?, front.post(&path, &parameters).await?);
        assert_eq!((get.status, post.status), (200, 200));
        assert_eq!((result(&get)?, result(&post)?), (expected.clone(), expected.clone()));
    }

    let refused = front.get("/uid/right/api/v1/query", &[("query", "sum(")]).await?;
    let told = direct(&server, "/api/v1/query", &[("query", "sum(")]).await?;
    assert_eq!((refused.status, refused.body), (told.status, told.body), "its own words on a bad query");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_write_or_does_not_log_in_is_refused_without_a_secret() -> Result<()> {
    let server = Prometheus::guarded(&openmetrics::text())?;
    let front = Front::start(&server).await?;
    let message = |answer: &Answer| -> Result<(u16, String)> {
        let text = String::from_utf8(answer.body.clone())?;
        assert!(!text.contains(WRONG) && !text.contains("YWRtaW46"), "{text}");
        let body: Value = serde_json::from_str(&text)?;
        Ok((answer.status, body.get("message").and_then(Value::as_str).unwrap_or_default().to_owned()))
    };
    let wrote = front.post("/uid/right/api/v1/write", &[]).await?;
    let refused = "non allow-listed POSTs not allowed on proxied Prometheus datasource";
    assert_eq!(message(&wrote)?, (403, refused.to_owned()));
    let unknown = front.get("/uid/wrong/api/v1/query", &[("query", "1")]).await?;
    assert_eq!(message(&unknown)?, (400, "Authentication to data source failed".to_owned()));
    drop(server);
    let down = front.get("/uid/right/api/v1/query", &[("query", "1")]).await?;
    assert_eq!(message(&down)?, (502, "Data source cannot be reached".to_owned()));
    Ok(())
}
