//! A server over a plugins folder that a test changes.

use super::{Answer, Gate, Host, PATIENCE, request};
use axum::http::{Method, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpListener;
use wellhead::{DataSource, FollowOptions, MemoryStore, OperatorState, Wellhead};
use wellhead_server::{KeepOperatorStates, Server, ServerConfig};
use wellhead_test_support::guest;

/// The guest of these tests.
pub(crate) const ID: &str = "grafana-testdata-datasource";

/// What operators said, for a test to look at.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<HashMap<String, OperatorState>>);

impl KeepOperatorStates for Kept {
    fn keep(&self, plugin_id: &str, state: OperatorState) -> io::Result<()> {
        self.0.lock().unwrap().insert(plugin_id.to_owned(), state);
        Ok(())
    }
}

pub(crate) struct PluginsHost {
    pub(crate) host: Host,
    pub(crate) kept: Arc<Kept>,
    folder: TempDir,
}

/// The guest, told apart from other builds of the same code by a custom section at its end.
pub(crate) fn build(number: u8) -> Vec<u8> {
    // Section id 0, its size, the length of its name, the name.
    [fs::read(guest("testdata")).unwrap().as_slice(), &[0, 3, 1, b'b', number]].concat()
}

impl PluginsHost {
    /// A host with build 1 of the guest, and a data source of it.
    pub(crate) async fn start() -> Self {
        Self::start_with(ServerConfig::default(), "127.0.0.1:0").await
    }

    pub(crate) async fn start_with(config: ServerConfig, listen: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("testdata.wasm"), build(1)).unwrap();
        let source = DataSource::new("testdata", "TestData", ID);
        let wellhead = Wellhead::builder()
            .plugins(folder.path())
            .follow_plugins(FollowOptions { quiet: Duration::from_millis(50), ..FollowOptions::default() })
            .compile_cache(guest("testdata").with_file_name("../test-compile-cache"))
            .store(MemoryStore::new([source]).unwrap())
            .guest_threads(1)
            .build()
            .await
            .unwrap();
        let kept = Arc::new(Kept::default());
        let server = Server::new(wellhead, config).keep_operator_states(kept.clone());
        let listener = TcpListener::bind(listen).await.unwrap();
        let host = Host::serve(server, listener, Arc::new(Gate::default()));
        Self { host, kept, folder }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replaces the guest's file, by a rename as careful people do.
    pub(crate) fn put(&self, wasm: &[u8]) {
        let half = self.file("testdata.new");
        fs::write(&half, wasm).unwrap();
        fs::rename(half, self.file("testdata.wasm")).unwrap();
    }

    /// What `GET /api/plugins` says of the guest, under `wellhead`.
    pub(crate) async fn life(&self) -> Value {
        self.host.get("/api/plugins").await.json()[0]["wellhead"].clone()
    }

    /// Waits until the guest's life is as `wanted`.
    pub(crate) async fn wait_for(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let plugins = self.wait_at("/api/plugins", what, |plugins| wanted(&plugins[0]["wellhead"])).await;
        plugins[0]["wellhead"].clone()
    }

    /// Waits until `GET /api/plugins/errors` is as `wanted`.
    pub(crate) async fn wait_for_errors(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait_at("/api/plugins/errors", what, wanted).await
    }

    async fn wait_at(&self, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let json = self.host.get(path).await.json();
            if wanted(&json) {
                return json;
            }
            assert!(started.elapsed() < PATIENCE, "waited in vain for {what}: {json:#}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Replaces the guest by this build, and waits until that serves, and its file is known to be good.
    pub(crate) async fn reload(&self, number: u8) -> Value {
        let before = self.life().await["hash"].clone();
        self.put(&build(number));
        let is_new = |item: &Value| item["contentHash"] != before && item["contentHash"] == item["wellhead"]["hash"];
        let plugins = self.wait_at("/api/plugins", "other code", |plugins| is_new(&plugins[0])).await;
        plugins[0]["wellhead"].clone()
    }

    /// An operator's word, as the command says it.
    pub(crate) async fn say(&self, action: &str, body: &str) -> Answer {
        self.request(Method::POST, &format!("/api/plugins/{ID}/{action}"), body).await
    }

    pub(crate) async fn request(&self, method: Method, path: &str, body: &str) -> Answer {
        let request = request(method, path).header("content-type", "application/json");
        self.host.send(request.body(Full::new(body.to_owned().into())).unwrap()).await
    }

    /// Asks the guest's data source something that it can answer.
    pub(crate) async fn query(&self) -> (StatusCode, Value) {
        let query = json!([{"refId": "A", "datasource": {"uid": "testdata"}, "scenarioId": "random_walk"}]);
        let answer = self.host.query(query).await;
        (answer.status, answer.json())
    }
}
