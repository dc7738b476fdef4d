//! How a connection begins, or why it does not.

use crate::support::{Source, notices, plugin, values};
use serde_json::json;
use std::net::TcpListener;
use wellhead_sdk::testing::block_on;
use wellhead_sdk::{DataSource, ErrorSource, HealthStatus, RequestContext};

#[test]
fn a_refused_handshake_fails_the_run_and_says_what_to_do() {
    let source = Source::start();
    block_on(async {
        for (path, status, expected) in [
            ("/refuse?status=401", 401, "check the credentials. It says: refused"),
            ("/refuse?status=403", 403, "may not"),
            ("/nowhere", 404, "nothing at this path"),
            ("/refuse?status=302&location=wss://other/", 502, "\"wss://other/\""),
            ("/refuse?status=200", 502, "does not speak WebSocket"),
            ("/guarded", 401, "check the credentials"),
        ] {
            let error = source.failure(json!({"path": path})).await;
            assert_eq!((error.status(), error.error_source()), (status, ErrorSource::Downstream), "{error}");
            assert!(error.message().contains(expected), "{error}");
        }
    });
}

#[test]
fn headers_credentials_and_subprotocols_reach_the_endpoint() {
    let source = Source::with(json!({"httpHeaderName1": "X-Token", "subprotocols": ["rows.v2", "rows.v1"]}));
    block_on(async {
        assert_eq!(values(&source.frames(json!({"path": "/protocol"}), 1).await, "protocol"), ["rows.v1"]);
        assert_eq!(values(&source.frames(json!({"path": "/protocol?a"}), 1).await, "protocol"), ["rows.v1"]);
    });
    let guarded = Source::with(json!({"httpHeaderName1": "X-Token"}));
    assert_eq!(values(&block_on(guarded.frames(json!({"path": "/guarded"}), 1)), "in"), [true]);
    let unknown = Source::with(json!({"subprotocols": ["rows.v9"]}));
    let error = block_on(unknown.failure(json!({"path": "/protocol"})));
    assert!(error.message().contains("none of the subprotocols offered"), "{error}");
}

#[test]
fn an_endpoint_that_does_not_answer_is_told_at_once_and_tried_again() {
    let source = Source::with(json!({"connectTimeout": "200ms", "reconnectMax": "100ms"}));
    let told = notices(&block_on(source.frames(json!({"path": "/stall"}), 1)));
    assert!(told[0].contains("no handshake within 200 ms; connecting again"), "{told:?}");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let source = Source { plugin: plugin(gone, json!({})).unwrap(), ..source };
    let told = notices(&block_on(source.frames(json!({"path": "/"}), 1)));
    assert!(told[0].contains("connection refused"), "{told:?}");
}

#[test]
fn the_health_check_speaks_the_handshake_and_takes_leave() {
    let context = RequestContext::default();
    let source = Source::with(json!({"channels": {"a": {"path": "/ticks"}}}));
    let health = block_on(source.plugin.check_health(&context)).unwrap();
    assert_eq!(health.status, HealthStatus::Ok);
    assert!(health.message.ends_with("/ticks speaks WebSocket."), "{}", health.message);
    block_on(source.until(|seen| seen["closed"] == json!([1000])));

    let wrong = Source::with(json!({"channels": {"a": {"path": "/refuse?status=401"}}}));
    let error = block_on(wrong.plugin.check_health(&context)).unwrap_err();
    assert!(error.message().contains("401 Unauthorized: check the credentials"), "{error}");
}
