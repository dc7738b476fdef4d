//! Connections as drivers use them.

use super::server::Server;
use super::{data_source, told};
use crate::common::{eventually, runtime};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_comes_back_whatever_its_size() {
    let (runtime, server) = (runtime(&["net"]).await, Server::echo().await);
    let source = data_source(&server.address);
    let echo =
        |text: String, count: usize| json!({ "deed": "echo", "endpoint": "server", "text": text, "count": count });
    assert_eq!(told(&runtime, &source, echo("0123456789".into(), 1)).await, "10 bytes came back");
    assert_eq!(told(&runtime, &source, echo("0123456789".into(), 100)).await, "1000 bytes came back");
    assert_eq!(told(&runtime, &source, echo("x".repeat(50_000), 1)).await, "50000 bytes came back");
    eventually("the server's connections are closed", || server.open() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_a_server_sends_arrives() {
    let (runtime, server) = (runtime(&["net"]).await, Server::pouring(64 << 20).await);
    let words = told(&runtime, &data_source(&server.address), json!({ "deed": "pour", "endpoint": "server" })).await;
    assert!(words.starts_with("67108864 bytes in "), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_move_side_by_side() {
    let (runtime, server) = (runtime(&["net"]).await, Server::echo().await);
    let deed = json!({ "deed": "many-at-once", "endpoint": "server", "count": 32 });
    assert_eq!(told(&runtime, &data_source(&server.address), deed).await, "32 echoes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_is_given_up_loses_nothing() {
    let trickle = Server::new(|mut stream| async move {
        for digit in b"0123456789" {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let _ = stream.write_all(&[*digit]).await;
        }
    });
    let (runtime, server) = (runtime(&["net"]).await, trickle.await);
    let deed = json!({ "deed": "cancelled-reads", "endpoint": "server" });
    let words = told(&runtime, &data_source(&server.address), deed).await;
    assert_eq!(words, "0123456789 with reads given up: true");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_background_task_drives_its_connection_after_the_call() {
    let (heard, mut hear) = mpsc::unbounded_channel();
    let server = Server::new(move |mut stream| {
        let heard = heard.clone();
        async move {
            let mut text = String::new();
            let _ = stream.read_to_string(&mut text).await;
            let _ = heard.send(text);
        }
    });
    let (runtime, server) = (runtime(&["net"]).await, server.await);
    let deed = json!({ "deed": "in-background", "endpoint": "server" });
    assert_eq!(told(&runtime, &data_source(&server.address), deed).await, "began");
    let text = tokio::time::timeout(Duration::from_secs(10), hear.recv()).await.unwrap();
    assert_eq!(text.as_deref(), Some("from the background"));
    eventually("the connection is closed", || server.open() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_are_those_the_settings_name() {
    let (runtime, server) = (runtime(&["net"]).await, Server::echo().await);
    let mut source = data_source(&server.address);
    let connect = |endpoint: &str| json!({ "deed": "connect", "endpoint": endpoint });
    let as_url = format!("tcp://{}/ignored", server.address);
    for same in ["server", &server.address, &as_url] {
        assert_eq!(told(&runtime, &source, connect(same)).await, "connected", "{same}");
    }
    let long = "x".repeat(1 << 20);
    for other in ["127.0.0.1:1", "localhost:5432", "169.254.169.254:80", "Server", "", "\0", "a b:1", &long] {
        let words = told(&runtime, &source, connect(other)).await;
        assert!(words.starts_with("Denied(") && words.contains("is not an endpoint of this data source"), "{words}");
        assert!(words.len() < 1000, "{} bytes", words.len());
    }
    let words = told(&runtime, &source, connect("replica")).await;
    assert!(words.contains("setting `jsonData.replica`: it is empty; set it to host:port"), "{words}");

    source.json_data.insert("replica".into(), json!(server.address));
    (source.url, source.version) = ("metadata.google.internal".into(), 2);
    assert_eq!(told(&runtime, &source, connect("replica")).await, "connected");
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    (source.url, source.version) = (gone.to_string(), 3);
    let words = told(&runtime, &source, connect("server")).await;
    assert!(words.starts_with("Refused(\"127.0.0.1:") && words.contains("check that the server is up"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_names_no_endpoint_may_not_import_net() {
    let runtime = runtime(&[]).await;
    let wasm = std::fs::read(wellhead_test_support::guest("net")).unwrap();
    let sidecar = json!({ "id": "n", "name": "n", "type": "datasource", "wellhead": { "contract": "0.1.0" } });
    let error = runtime.load_bytes("n", &wasm, Some(sidecar.to_string().as_bytes())).await.unwrap_err().to_string();
    assert!(error.contains("\"wellhead.endpoints\": missing") && error.contains("wellhead:plugin/net@"), "{error}");
}
