//! What a client may not do: send too much, take too long, read too slowly.

use crate::live::Client;
use crate::support::{Host, PATIENCE, over_the_last_hour, query_request, request};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wellhead::ResultLimits;
use wellhead_server::ServerConfig;

#[tokio::test]
async fn a_huge_body_is_refused_and_says_the_limit() {
    let host = Host::start_with(ServerConfig { body_bytes: 10_000, ..ServerConfig::default() }).await;
    let answer = host.post_query(vec![b' '; 10_001]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.json()["message"], "the request body has more than the 10000 bytes allowed: split the request");
    let upload = request(Method::POST, "/api/datasources/uid/one/resources/upper");
    let upload = upload.body(Full::new(vec![b'a'; 1 << 20].into())).unwrap();
    assert!(crate::support::send(host.address, upload).await.is_err(), "the plugin's answer ends with its body");
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let host =
        Host::start_with(ServerConfig { body_timeout: Duration::from_millis(50), ..ServerConfig::default() }).await;
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    let head =
        "POST /api/ds/query HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
}

#[tokio::test]
async fn headers_that_do_not_arrive_and_headers_without_end_are_given_up() {
    let config = ServerConfig { header_timeout: Duration::from_millis(50), ..ServerConfig::default() };
    let host = Host::start_with(config).await;
    let mut slow = TcpStream::connect(host.address).await.unwrap();
    slow.write_all(b"GET /livez HTTP/1.1\r\nhost").await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, slow.read_to_end(&mut rest)).await.unwrap().unwrap();

    let mut request = request(Method::GET, "/livez").body(Full::default()).unwrap();
    for index in 0..90 {
        let name = HeaderName::try_from(format!("x-{index}")).unwrap();
        request.headers_mut().insert(name, HeaderValue::try_from("v".repeat(1_000)).unwrap());
    }
    assert_eq!(host.send(request).await.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test]
async fn a_client_that_stops_reading_is_cut_off() {
    let config = ServerConfig { write_timeout: Duration::from_millis(100), ..ServerConfig::default() };
    let host = Host::start_with(config).await;
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    stream.write_all(b"GET /api/datasources/uid/one/resources/endless HTTP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
    let mut start = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut start)).await.unwrap().unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    // Nothing is read until the server has given up; what it sent before that is then read to the end of the connection.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut rest = vec![0; 1 << 20];
    let read_on = async {
        while !matches!(stream.read(&mut rest).await, Ok(0) | Err(_)) {
            tokio::time::sleep(Duration::from_millis(150)).await
        }
    };
    timeout(PATIENCE, read_on).await.expect("the connection ends");
}

#[tokio::test]
async fn an_http_2_client_that_stops_reading_one_answer_loses_that_one() {
    let config = ServerConfig { write_timeout: Duration::from_millis(100), ..ServerConfig::default() };
    let host = Host::start_with(config).await;
    let stream = TokioIo::new(TcpStream::connect(host.address).await.unwrap());
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(64 << 10);
    let (mut sender, connection) = builder.handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let to_host = |mut request: Request<Full<Bytes>>| {
        *request.uri_mut() = format!("http://{}{}", host.address, request.uri().path()).parse().unwrap();
        request
    };
    for accept in ["application/json", wellhead_server::ARROW_STREAM] {
        let rows = json!([{"refId": "A", "datasource": "one", "rows": 100_000}]);
        let mut large = to_host(query_request(over_the_last_hour(&rows)));
        large.headers_mut().insert("accept", HeaderValue::from_static(accept));
        let mut large = sender.send_request(large).await.unwrap();
        assert_eq!(large.status(), StatusCode::OK);
        // What was under way is still read, as slowly as is too slow.
        let read_on = async {
            while let Some(frame) = large.frame().await {
                if frame.is_err() {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            false
        };
        assert!(timeout(PATIENCE, read_on).await.expect("it ends"), "{accept}: it is broken off");
        let other = request(Method::GET, "/livez").body(Full::default()).unwrap();
        let other = sender.send_request(to_host(other)).await.unwrap();
        assert_eq!(other.status(), StatusCode::OK, "the connection goes on");
    }
}

#[tokio::test]
async fn a_result_too_large_for_json_fails_alone_and_names_the_limit() {
    let results = ResultLimits { frame_rows: 1_000, ..ResultLimits::default() };
    let host = Host::start_with(ServerConfig { json_bytes: 5_000, results, ..ServerConfig::default() }).await;
    let rows = |ref_id: &str, rows: u32| json!({"refId": ref_id, "datasource": "one", "rows": rows});
    let answer = host.query(json!([rows("A", 900), rows("B", 3), rows("C", 1_001)])).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    insta::assert_snapshot!(answer.shown());
    let mut arrow = query_request(over_the_last_hour(&json!([rows("A", 1_001)])));
    arrow.headers_mut().insert("accept", HeaderValue::from_static(wellhead_server::ARROW_STREAM));
    assert_eq!(host.send(arrow).await.status, StatusCode::OK, "Arrow has no such limit");
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_said_is_closed() {
    let config = ServerConfig { header_timeout: Duration::from_millis(50), ..ServerConfig::default() };
    let host = Host::start_with(config).await;
    for said in ["", "P", "PRI * HTTP/2.0"] {
        let mut silent = TcpStream::connect(host.address).await.unwrap();
        silent.write_all(said.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        timeout(PATIENCE, silent.read_to_end(&mut rest)).await.expect("it is closed").unwrap();
        assert_eq!(rest, b"", "{said:?}");
    }
}

#[tokio::test]
async fn past_the_most_connections_further_ones_wait_for_one_to_end() {
    let host = Host::start_with(ServerConfig { connections: 1, ..ServerConfig::default() }).await;
    let ask = b"GET /livez HTTP/1.1\r\nhost: t\r\n\r\n";
    let mut start = [0; 12];
    let mut first = TcpStream::connect(host.address).await.unwrap();
    first.write_all(ask).await.unwrap();
    timeout(PATIENCE, first.read_exact(&mut start)).await.unwrap().unwrap();
    let mut second = TcpStream::connect(host.address).await.unwrap();
    second.write_all(ask).await.unwrap();
    assert!(timeout(Duration::from_millis(100), second.read_exact(&mut start)).await.is_err(), "not yet accepted");
    drop(first);
    timeout(PATIENCE, second.read_exact(&mut start)).await.unwrap().unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
}

#[tokio::test]
async fn the_bodies_of_all_requests_together_are_bounded() {
    let limits = ServerConfig { body_bytes: 10_000, all_body_bytes: 10_000, ..ServerConfig::default() };
    let host = Host::start_with(limits).await;
    let mut held = TcpStream::connect(host.address).await.unwrap();
    let head =
        "POST /api/ds/query HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n";
    held.write_all(&[head.as_bytes(), &[b' '; 9_000]].concat()).await.unwrap();
    // It is not said when the server has read so much.
    let answer = async {
        loop {
            let answer = host.post_query(vec![b' '; 2_000]).await;
            if answer.status != StatusCode::BAD_REQUEST {
                return answer;
            }
        }
    };
    let answer = timeout(PATIENCE, answer).await.unwrap();
    let message = "the bodies of all requests under way take the 10000 bytes allowed: send this one again in a moment";
    assert_eq!(answer.said(), (503, message.into()));
    assert_eq!(answer.header("retry-after"), "1");
    drop(held);
    let fits = async { while host.post_query(vec![b' '; 2_000]).await.status != StatusCode::BAD_REQUEST {} };
    timeout(PATIENCE, fits).await.expect("what was taken comes back");
}

/// As some write "none": instants so far away cannot be reckoned with, and whoever connects would meet that.
#[tokio::test]
async fn the_longest_time_outs_there_are_harm_nobody() {
    let longest = Duration::MAX;
    let config = ServerConfig {
        body_timeout: longest,
        header_timeout: longest,
        handshake_timeout: longest,
        write_timeout: longest,
        live_ping: longest,
        drain: longest,
        ..ServerConfig::default()
    };
    let host = Host::start_with(config).await;
    assert_eq!(host.query(json!([{ "refId": "A", "datasource": { "uid": "one" } }])).await.status, StatusCode::OK);
    // Reads late, so that writes wait.
    let mut late = TcpStream::connect(host.address).await.unwrap();
    late.write_all(b"GET /api/datasources/uid/one/resources/endless HTTP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
    let mut live = Client::connected(host.address).await;
    assert!(live.ask(json!({"rpc": {"method": "none"}})).await["error"].is_object());
    let mut some = vec![0; 32 << 20];
    timeout(PATIENCE, late.read_exact(&mut some)).await.unwrap().unwrap();
}
