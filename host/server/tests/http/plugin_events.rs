//! What happens to plugins, as Server-Sent Events.

use crate::support::{PATIENCE, PluginsHost};
use axum::http::StatusCode;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A client that has read up to the first line of the stream.
async fn listening(plugins: &PluginsHost) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(plugins.host.address).await.unwrap();
    stream.write_all(b"GET /api/plugins/events HTTP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
    let mut lines = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with(": events of plugins\n") {
        let read = timeout(PATIENCE, lines.read_line(&mut head)).await.expect("the stream begins").unwrap();
        assert!(read > 0, "{head}");
    }
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-type: text/event-stream"), "{head}");
    lines
}

/// The data of the next event of this kind.
async fn next(lines: &mut BufReader<TcpStream>, kind: &str) -> Value {
    let wanted = format!("event: {kind}");
    let mut is_it = false;
    loop {
        let mut line = String::new();
        let read = timeout(PATIENCE, lines.read_line(&mut line)).await.expect("the event comes").unwrap();
        assert!(read > 0, "the stream ended before {kind}");
        let line = line.trim_end();
        match line.strip_prefix("data: ") {
            Some(data) if is_it => return serde_json::from_str(data).unwrap(),
            _ if line.starts_with("event: ") => is_it = line == wanted,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_is_told_with_what_it_took() {
    let plugins = PluginsHost::start().await;
    assert_eq!(plugins.query().await.0, StatusCode::OK);
    let mut lines = listening(&plugins).await;
    let now = plugins.reload(2).await;
    let event = next(&mut lines, "reloaded").await;
    assert_eq!((&event["kind"], &event["from"]["generation"]), (&"reloaded".into(), &1.into()));
    assert_eq!(event["to"]["hash"], now["hash"]);
    for key in ["compileMs", "configureMs", "drainMs"] {
        assert!(event[key].is_f64(), "{event:#}");
    }
    assert!(event["message"].as_str().unwrap().contains("reloaded from generation 1"), "{event:#}");
    plugins.put(b"not wasm");
    let event = next(&mut lines, "rejected").await;
    assert!(event["reason"].as_str().unwrap().contains("not a readable WebAssembly file"), "{event:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_ends_whole_when_the_server_drains() {
    let mut plugins = PluginsHost::start().await;
    let mut lines = listening(&plugins).await;
    plugins.host.shut_down();
    let mut rest = String::new();
    timeout(PATIENCE, lines.read_to_string(&mut rest)).await.expect("the stream ends").unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "{rest:?}");
    timeout(PATIENCE, &mut plugins.host.served).await.expect("and with it the server").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_a_limit_on_streams_and_one_that_goes_makes_room() {
    let plugins = PluginsHost::start().await;
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(listening(&plugins).await);
    }
    let refused = plugins.host.get("/api/plugins/events").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.text().contains("65 asked, 64 allowed"), "{}", refused.text());
    drop(open);
    let started = std::time::Instant::now();
    loop {
        let mut stream = TcpStream::connect(plugins.host.address).await.unwrap();
        stream.write_all(b"GET /api/plugins/events HTTP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
        let mut status = [0; 12];
        timeout(PATIENCE, stream.read_exact(&mut status)).await.unwrap().unwrap();
        if &status == b"HTTP/1.1 200" {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "no room");
    }
}
