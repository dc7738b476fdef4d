//! One channel as a response: Server-Sent Events and Arrow; and what is published and listed over HTTP.

use super::LiveHost;
use crate::support::{PATIENCE, request, send};
use axum::http::{Method, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use std::io::Cursor;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wellhead_frame::Frame;
use wellhead_server::ARROW_STREAM;

/// A client of Server-Sent Events, past the headers.
struct Events(BufReader<TcpStream>);

impl Events {
    async fn of(host: &LiveHost, path: &str) -> Self {
        let mut stream = TcpStream::connect(host.host.address).await.unwrap();
        let head = format!("GET /api/live/subscribe/{path} HTTP/1.1\r\nhost: t\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with(": subscribed\n") {
            let read = timeout(PATIENCE, lines.read_line(&mut head)).await.expect("the stream begins").unwrap();
            assert!(read > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-type: text/event-stream"), "{head}");
        Self(lines)
    }

    /// The next event's kind and data.
    async fn next(&mut self) -> (String, Value) {
        let mut kind = String::new();
        loop {
            let mut line = String::new();
            let read = timeout(PATIENCE, self.0.read_line(&mut line)).await.expect("an event comes").unwrap();
            assert!(read > 0, "the stream ended");
            let line = line.trim_end();
            if let Some(name) = line.strip_prefix("event: ") {
                kind = name.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                return (kind, serde_json::from_str(data).unwrap());
            }
        }
    }
}

#[tokio::test]
async fn events_have_a_schema_where_it_is_new_and_say_how_the_channel_ended() {
    let host = LiveHost::start().await;
    let mut events = Events::of(&host, "ds/feed/two-schemas").await;
    let mut names = Vec::new();
    for _ in 0..3 {
        let (kind, data) = events.next().await;
        assert_eq!(kind, "frame");
        names.push(data["schema"]["name"].as_str().map(str::to_owned));
    }
    assert_eq!(names, [Some("a".to_owned()), None, Some("b".to_owned())]);
    let end = json!({"code": 200, "reason": "the stream came to its end"});
    assert_eq!(events.next().await, ("end".to_owned(), end));
    let mut rest = String::new();
    // The last chunk of a body that is whole.
    while !rest.ends_with("0\r\n\r\n") {
        let read = timeout(PATIENCE, events.0.read_line(&mut rest)).await.expect("the body ends").unwrap();
        assert!(read > 0, "{rest:?}");
    }
}

#[tokio::test]
async fn the_query_goes_to_the_plugin_and_other_documents_are_told_from_frames() {
    let host = LiveHost::start().await;
    let mut events = Events::of(&host, "ds/feed/data?data=%7B%22rate%22%3A%205%7D").await;
    let (_, frame) = events.next().await;
    assert_eq!(frame["data"]["values"], json!([["{\"rate\":5}"]]), "{frame}");
    let mut events = Events::of(&host, "stream/builds/main").await;
    let answer = host.post("/api/live/publish", &json!({"channel": "stream/builds/main", "data": [1, "two"]})).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({})));
    assert_eq!(events.next().await, ("data".to_owned(), json!([1, "two"])));
}

#[tokio::test]
async fn a_drain_ends_the_events_whole() {
    let mut host = LiveHost::start().await;
    let mut events = Events::of(&host, "ds/feed/quiet").await;
    host.host.shut_down();
    let (kind, data) = events.next().await;
    assert_eq!((kind.as_str(), &data["code"]), ("end", &json!(503)));
    timeout(PATIENCE, &mut host.host.served).await.expect("the server ends").unwrap();
}

#[tokio::test]
async fn arrow_is_streams_back_to_back_a_new_one_where_the_schema_changes() {
    let host = LiveHost::start().await;
    let asked = request(Method::GET, "/api/live/subscribe/ds/feed/two-schemas").header("accept", ARROW_STREAM);
    let answer = send(host.host.address, asked.body(Full::default()).unwrap()).await.unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, ARROW_STREAM));
    let frames = streams(&answer.body);
    let shown: Vec<_> = frames.iter().map(|frame| (frame.name(), frame.batches().len())).collect();
    assert_eq!(shown, [("a", 2), ("b", 1)]);
}

/// Reads IPC streams that follow each other.
fn streams(body: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut left = Cursor::new(body);
    while left.position() < body.len() as u64 {
        let reader = arrow_ipc::reader::StreamReader::try_new(&mut left, None).unwrap();
        let schema = reader.schema();
        let batches = reader.collect::<Result<Vec<_>, _>>().unwrap();
        frames.push(Frame::try_new(schema, batches).unwrap());
    }
    frames
}

#[tokio::test]
async fn a_refusal_before_the_first_byte_is_an_http_error() {
    let host = LiveHost::start().await;
    for (path, status) in [
        ("ds/feed/missing", 404),
        ("ds/feed/forbidden", 403),
        ("ds/nobody/count", 404),
        ("ds/still/count", 501),
        ("other/feed/count", 400),
        ("ds/feed/a%20b", 400),
        ("ds/feed/count?data=nonsense", 400),
    ] {
        for accept in ["text/event-stream", ARROW_STREAM] {
            let asked = request(Method::GET, &format!("/api/live/subscribe/{path}")).header("accept", accept);
            let answer = send(host.host.address, asked.body(Full::default()).unwrap()).await.unwrap();
            assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
            assert!(answer.json()["message"].is_string());
        }
    }
}

#[tokio::test]
async fn publishing_and_listing_have_grafanas_shapes() {
    let host = LiveHost::start().await;
    let _events = Events::of(&host, "ds/feed/quiet").await;
    let list = host.wait_for_channels(1).await;
    let channel = &list["channels"][0];
    assert_eq!((&channel["channel"], &channel["subscribers"]), (&json!("ds/feed/quiet"), &json!(1)));
    for (body, status) in [
        (json!({"channel": "ds/feed/quiet", "data": 1}), 200),
        (json!({"channel": "ds/feed/count", "data": 1}), 403),
        (json!({"channel": "ds/nobody/count", "data": 1}), 404),
        (json!({"channel": "ds/feed"}), 400),
        (json!({"channel": "nonsense", "data": 1}), 400),
        (json!({"channel": "stream/a/b", "data": "x".repeat(64 << 10)}), 413),
    ] {
        let answer = host.post("/api/live/publish", &body).await;
        assert_eq!(answer.status.as_u16(), status, "{:.80}: {}", body.to_string(), answer.text());
    }
    let foreign = request(Method::POST, "/api/live/publish")
        .header("content-type", "application/json")
        .header("origin", "https://evil.example");
    let body = json!({"channel": "stream/a/b", "data": 1}).to_string();
    assert_eq!(host.host.send(foreign.body(Full::new(body.into())).unwrap()).await.status, StatusCode::FORBIDDEN);
}
