//! What `wellhead serve` keeps in its data folder: what outlives it, what says where it is, and what it gives away to nobody.
#![cfg(test)]

mod common;

use common::{Server, own_data, plugins, run, text, wellhead};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const RANDOM_WALK: &str = r#"{"scenarioId":"random_walk"}"#;

fn has(file: &Path, text: &str) -> bool {
    std::fs::read(file).unwrap().windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn a_data_source_that_was_added_over_http_survives_a_restart() {
    let data = own_data();
    let server = Server::start_in(data.path(), &plugins(), &[]);
    let body = r#"{"uid":"kept","name":"Kept","type":"testdata","access":"proxy","secureJsonData":{"token":"s3cr3t-that-is-kept"}}"#;
    assert_eq!(server.http("POST", "/api/datasources", body).0, 200);
    let (_, before) = server.http("GET", "/api/datasources/uid/kept", "");
    server.stop();
    assert!(!has(&data.path().join("wellhead.redb"), "s3cr3t-that-is-kept"), "secrets are sealed");

    let server = Server::start_in(data.path(), &plugins(), &[]);
    assert!(server.ready.ends_with("2 data sources)\n"), "{}", server.ready);
    let (status, after) = server.http("GET", "/api/datasources/uid/kept", "");
    assert_eq!((status, &after), (200, &before));
    assert!(after.contains(r#""token":true"#) && !after.contains("s3cr3t"), "{after}");
    let query = r#"{"from":"now-1m","to":"now","queries":[{"refId":"A","datasource":{"uid":"kept"},"scenarioId":"random_walk"}]}"#;
    assert_eq!(server.http("POST", "/api/ds/query", query).0, 200);
}

#[test]
fn commands_find_the_server_by_its_data_folder_for_as_long_as_it_runs() {
    let data = own_data();
    let files = ["server.json", "operator.token"].map(|name| data.path().join(name));
    let server = Server::start_in(data.path(), &plugins(), &[]);
    for file in &files {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    run(["plugin", "list", "--data", text(data.path())]).with_code(0);
    run(["plugin", "disable", "testdata", "--data", text(data.path())]).with_code(0);
    run(["plugin", "enable", "testdata", "--data", text(data.path())]).with_code(0);
    let query = ["query", "--datasource", "testdata", "-o", "csv", RANDOM_WALK];
    run(query.into_iter().chain(["--data", text(data.path())])).with_code(0);
    let by_variable = wellhead(query).env("WELLHEAD_DATA", data.path()).output().unwrap();
    assert!(by_variable.status.success(), "{by_variable:?}");
    server.stop();
    for file in &files {
        assert!(!file.exists(), "{} is left behind", file.display());
    }
}

#[test]
fn a_second_server_on_the_same_data_folder_is_refused_and_harms_nothing() {
    let data = own_data();
    let plugins = plugins();
    let server = Server::start_in(data.path(), &plugins, &[]);
    let second = ["serve", "--listen", "127.0.0.1:0", "--plugins", text(&plugins), "--data", text(data.path())];
    let ended = run(second).with_code(1);
    let ended = ended.complains(&["wellhead.redb is open already", "end the process that has it open"]);
    assert_eq!(ended.stdout, "");
    run(["plugin", "list", "--data", text(data.path())]).with_code(0);
    server.stop();
    Server::start_in(data.path(), &plugins, &[]).stop();
}

/// An upstream that fails every request with all it was sent, as careless ones do.
fn telltale() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(&stream);
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                        break;
                    }
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    head.push_str(&line);
                }
                let mut body = vec![0; length];
                let _ = reader.read_exact(&mut body);
                let told = serde_json::json!({"status": "error", "errorType": "internal", "error": head}).to_string();
                let answer =
                    "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nConnection: close";
                let _ = write!(&stream, "{answer}\r\nContent-Length: {}\r\n\r\n{told}", told.len());
            });
        }
    });
    address
}

#[test]
fn secrets_that_an_upstream_repeats_reach_neither_the_log_nor_the_client() {
    let data = own_data();
    let server = Server::start_in(data.path(), &plugins(), &["--log-level", "debug"]);
    let secrets = ["s3cr3t-of-the-header", "s3cr3t-of-basic-auth"];
    let body = serde_json::json!({
        "uid": "leaky", "name": "Leaky", "type": "prometheus", "access": "proxy",
        "url": format!("http://{}", telltale()),
        "basicAuth": true, "basicAuthUser": "ann",
        "jsonData": {"httpHeaderName1": "X-Token"},
        "secureJsonData": {"httpHeaderValue1": secrets[0], "basicAuthPassword": secrets[1]},
    });
    assert_eq!(server.http("POST", "/api/datasources", &body.to_string()).0, 200);
    let query = r#"{"from":"now-1m","to":"now","queries":[{"refId":"A","datasource":{"uid":"leaky"},"expr":"up"}]}"#;
    let (_, answer) = server.http("POST", "/api/ds/query", query);
    assert!(answer.to_ascii_lowercase().contains("x-token"), "the upstream's words are passed on: {answer}");
    let (_, health) = server.http("GET", "/api/datasources/uid/leaky/health", "");
    let log = server.stop();
    assert!(log.contains("answered"), "{log}");
    // And the header of basic authentication as it is sent.
    for secret in secrets.into_iter().chain(["YW5uOnMzY3IzdC1vZi1iYXNpYy1hdXRo"]) {
        for (place, said) in [("the answer", &answer), ("the health check", &health), ("the log", &log)] {
            assert!(!said.contains(secret), "{place} has {secret}: {said}");
        }
    }
}
