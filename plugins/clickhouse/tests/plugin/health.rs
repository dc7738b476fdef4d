//! Health messages that a person can act on.

use crate::support::{BUDGET, source_with};
use serde_json::{Value, json};
use std::net::TcpListener;
use wellhead_sdk::http::HttpError;
use wellhead_sdk::testing::{self, block_on};
use wellhead_sdk::{DataSource, HealthStatus, RequestContext};
use wellhead_test_servers::{Chdb, ClickHouse};

type Answer = fn() -> Result<(u16, Vec<u8>), HttpError>;

fn check(port: u16, json_data: Value, password: &str) -> (bool, String) {
    let source = source_with(port, json_data, &[("password", password)]);
    health(&source.0)
}

fn health(source: &clickhouse::ClickHouse) -> (bool, String) {
    let health = block_on(source.check_health(&RequestContext::new(1, BUDGET))).unwrap();
    assert!(!health.message.contains("wrong-secret"), "{health:?}");
    (health.status == HealthStatus::Ok, health.message)
}

#[test]
fn each_reason_has_a_sentence_of_its_own_and_no_secret_in_it() {
    let server = ClickHouse::start().unwrap();
    let port = server.port();
    assert_eq!(check(port, json!({}), ""), (true, "Data source is working".to_owned()));
    let (ok, message) = check(port, json!({}), "wrong-secret");
    assert!(!ok && message.contains("refuses user \"default\" with this password: check both"), "{message}");
    let (_, message) = check(port, json!({"username": "nobody"}), "");
    assert!(message.contains("knows no user \"nobody\""), "{message}");
    let (_, message) = check(port, json!({"defaultDatabase": "nowhere"}), "");
    assert!(message.contains("has no database \"nowhere\""), "{message}");
    drop(server);
    let (_, message) = check(port, json!({}), "");
    assert!(message.contains("cannot be reached: check host and port"), "{message}");
}

#[test]
fn a_current_servers_reasons_are_known_too() {
    let Some(server) = Chdb::start().unwrap() else { return };
    assert!(check(server.port(), json!({"username": "reader"}), "right").0);
    let (ok, message) = check(server.port(), json!({"username": "reader"}), "wrong-secret");
    assert!(!ok && message.contains("refuses user \"reader\" with this password"), "{message}");
    let (_, message) = check(server.port(), json!({"defaultDatabase": "nowhere"}), "");
    assert!(message.contains("has no database \"nowhere\""), "{message}");
}

#[test]
fn what_is_no_clickhouse_or_says_nothing_is_told_apart() {
    let source = source_with(1, json!({}), &[]);
    let sentence = |answer: Answer| {
        testing::answer_http(move |_| answer());
        health(&source.0).1
    };
    let message = sentence(|| {
        Ok((400, b"Port 9000 is for clickhouse-client program\r\nYou must use port 8123 for HTTP.\r\n".to_vec()))
    });
    assert!(message.contains("is not the HTTP interface: use the port of that"), "{message}");
    let message = sentence(|| Ok((200, b"<html>".to_vec())));
    assert!(message.contains("cannot be read as JSONCompact"), "{message}");
    let message = sentence(|| Err(HttpError::Timeout(String::new())));
    assert!(message.contains("does not answer in time"), "{message}");
    // A port that nobody listens on any more.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(check(port, json!({}), "").1.contains("connection refused"));
}
