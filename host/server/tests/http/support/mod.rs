//! A server on a free port, and a client that speaks plain HTTP/1.1 to it.

mod certificates;
mod folder;
mod plugin;
mod signed;
mod upstream;

use axum::http::{HeaderMap, Method, Request, StatusCode};
use bytes::Bytes;
pub(crate) use certificates::{Ca, Mounted};
pub(crate) use folder::{ID, PluginsHost, build};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
pub(crate) use plugin::Gate;
use serde_json::{Value, json};
pub(crate) use signed::{ADMIN, As, EDITOR, PASSWORD, ROOT, SignedHost, VIEWER, asked};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
pub(crate) use upstream::Upstream;
use wellhead::{DataSource, MemoryStore, Wellhead};
use wellhead_server::{Server, ServerConfig};

/// Sent with every request, so that bodies with a trace id are the same in every run.
pub(crate) const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Arc<Gate>,
    pub(crate) served: JoinHandle<()>,
    shutdown: Option<oneshot::Sender<()>>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and message.
    pub(crate) fn said(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["message"].as_str().unwrap_or_default().to_owned())
    }

    /// Status and body, for snapshots.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.text())
    }
}

fn sources() -> Vec<DataSource> {
    let full = DataSource {
        database: "shop".into(),
        user: "reader".into(),
        basic_auth: true,
        basic_auth_user: "me".into(),
        is_default: true,
        read_only: true,
        ..DataSource::new("one", "One", "scripted-alias")
    };
    let full = full
        .with_url("http://upstream.example")
        .with_json_data("httpMethod", "POST")
        .with_secret("password", "hunter2!");
    vec![
        full,
        DataSource::new("two", "alpha", "scripted"),
        DataSource::new("orphan", "Orphan", "not-installed"),
        DataSource { org_id: 2, ..DataSource::new("other", "Other org's", "scripted") },
    ]
}

impl Host {
    pub(crate) async fn start() -> Self {
        Self::start_with(ServerConfig::default()).await
    }

    pub(crate) async fn start_with(config: ServerConfig) -> Self {
        let gate = Arc::new(Gate::default());
        let wellhead = Self::wellhead(&gate).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve(Server::new(wellhead, config), listener, gate)
    }

    /// The host of a plugin that does what its queries say.
    pub(crate) async fn wellhead(gate: &Arc<Gate>) -> Wellhead {
        Wellhead::builder()
            .core_plugin(plugin::scripted(gate))
            .store(MemoryStore::new(sources()).unwrap())
            .guest_threads(1)
            .build()
            .await
            .unwrap()
    }

    /// Serves what a test has put together itself.
    pub(crate) fn serve(server: Server, listener: TcpListener, gate: Arc<Gate>) -> Self {
        let address = listener.local_addr().unwrap();
        let (shutdown, signal) = oneshot::channel();
        let served = tokio::spawn(server.serve(listener, async {
            let _ = signal.await;
        }));
        Self { address, gate, served, shutdown: Some(shutdown) }
    }

    pub(crate) fn shut_down(&mut self) {
        self.shutdown.take().unwrap().send(()).unwrap();
    }

    /// Sends a request on a connection of its own.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        send(self.address, request).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path).body(Full::default()).unwrap()).await
    }

    /// Posts a body of `/api/ds/query` as it stands.
    pub(crate) async fn post_query(&self, body: impl Into<Bytes>) -> Answer {
        self.send(query_request(body)).await
    }

    /// Asks queries over the last hour.
    pub(crate) async fn query(&self, queries: Value) -> Answer {
        self.post_query(over_the_last_hour(&queries)).await
    }

    /// Waits until the metrics have a line that contains `part`.
    pub(crate) async fn wait_for_metric(&self, part: &str) {
        let mut last = String::new();
        for _ in 0..2_000 {
            last = self.get("/metrics").await.text().to_owned();
            if last.lines().any(|line| line.contains(part)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no {part:?} in {last}");
    }
}

pub(crate) fn over_the_last_hour(queries: &Value) -> String {
    json!({"from": "now-1h", "to": "now", "queries": queries}).to_string()
}

pub(crate) fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header("host", "test").header("traceparent", TRACEPARENT)
}

pub(crate) fn query_request(body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = request(Method::POST, "/api/ds/query").header("content-type", "application/json");
    request.body(Full::new(body.into())).unwrap()
}

pub(crate) async fn send(address: SocketAddr, request: Request<Full<Bytes>>) -> Result<Answer, String> {
    exchange(TcpStream::connect(address).await.map_err(|error| error.to_string())?, request).await
}

/// Sends a request as HTTP/1.1 over a stream of its own.
pub(crate) async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let exchange = async {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        connection.abort();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    };
    tokio::time::timeout(PATIENCE, exchange).await.expect("the server answers in time")
}
