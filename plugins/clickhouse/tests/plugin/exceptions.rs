//! Answers that begin well and end badly.

use crate::support::source;
use serde_json::json;
use std::io::{Cursor, Read};
use wellhead_sdk::ErrorSource;
use wellhead_sdk::frame::{Field, Frame};
use wellhead_sdk::http::{HeaderMap, HeaderName, HeaderValue};
use wellhead_sdk::testing::{self, HttpAnswer, block_on};
use wellhead_test_servers::ClickHouse;

/// An Arrow stream of float64, without its end mark; a server of any age writes such columns alike.
fn arrow() -> Vec<u8> {
    let values: Vec<f64> = (0..1_000).map(f64::from).collect();
    let frame = Frame::builder("").column(Field::new("v"), values).build().unwrap();
    let mut stream = frame.to_ipc_stream().unwrap();
    assert_eq!(stream.split_off(stream.len() - 8), [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    stream
}

/// What a query says whose answer is this.
fn failure(body: Vec<u8>, breaks: bool) -> wellhead_sdk::Error {
    let source = source(1, json!({}));
    testing::answer_http_with(move |request| {
        let killed = request.body.starts_with(b"KILL");
        let body = if killed { b"finished".to_vec() } else { body.clone() };
        let rest: Box<dyn Read> = if breaks { Box::new(Breaks) } else { Box::new(std::io::empty()) };
        Ok(HttpAnswer::new(200, Cursor::new(body).chain(rest)))
    });
    block_on(source.error(json!({"rawSql": "SELECT v FROM t", "format": "table"})))
}

/// A connection that is cut.
struct Breaks;

impl Read for Breaks {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::ConnectionReset.into())
    }
}

const OLD: &str =
    "Code: 241. DB::Exception: Memory limit (for query) exceeded. (MEMORY_LIMIT_EXCEEDED) (version 24.3)\n";
const NEW: &str = "\r\n__exception__\r\nqzvmfbxwplkjhgda\r\nCode: 241. DB::Exception: Memory limit (for query) exceeded. \
                   (MEMORY_LIMIT_EXCEEDED)\r\n81 qzvmfbxwplkjhgda\r\n__exception__\r\n";

#[test]
fn an_exception_behind_rows_is_the_querys_error() {
    for exception in [OLD, NEW] {
        for mark in [&[][..], &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]] {
            for breaks in [false, true] {
                let mut body = arrow();
                body.extend_from_slice(mark);
                body.extend_from_slice(exception.as_bytes());
                let error = failure(body, breaks);
                assert_eq!((error.status(), error.error_source()), (503, ErrorSource::Downstream), "{error}");
                assert!(error.message().contains("Memory limit (for query) exceeded"), "{error}");
            }
        }
    }
}

#[test]
fn an_exception_in_the_middle_of_a_block_is_the_querys_error() {
    let mut body = arrow();
    body.truncate(body.len() - 100);
    body.extend_from_slice(&NEW.as_bytes()[..90]);
    let error = failure(body, true);
    assert!(error.message().contains("Memory limit"), "{error}");
}

#[test]
fn an_answer_that_breaks_off_is_never_a_whole_one() {
    let whole = arrow();
    for length in [4, 100, whole.len() - 1, whole.len()] {
        let error = failure(whole[..length].to_vec(), true);
        assert_eq!((error.status(), error.error_source()), (502, ErrorSource::Downstream), "{length}: {error}");
    }
    let error = failure(whole, false);
    assert!(error.message().contains("ends without its end mark"), "{error}");
    let error = failure(b"<html>a proxy's page</html>".to_vec(), false);
    assert!(error.message().contains("cannot be read as ArrowStream"), "{error}");
}

#[test]
fn an_old_servers_exception_among_rows_is_the_querys_error() {
    let server = ClickHouse::start().unwrap();
    let source = source(server.port(), json!({}));
    for limit in [20_000, 500_000] {
        let sql = format!("SELECT throwIf(number = {limit}), number FROM system.numbers LIMIT 1000000");
        let error = block_on(source.error(json!({"rawSql": sql, "format": "table"})));
        assert_eq!(error.details().unwrap()["code"], json!("395"), "{error}");
        assert_eq!(error.status(), 400);
    }
}

#[test]
fn a_server_that_is_killed_fails_the_query_and_the_next_one_works() {
    let mut server = ClickHouse::start().unwrap();
    let source = source(server.port(), json!({}));
    block_on(async {
        let sql = "SELECT number, sleep(0.1) FROM system.numbers LIMIT 100000000";
        let result = source.ask(json!({"rawSql": sql, "format": "table"})).await.unwrap();
        server.kill().unwrap();
        let error = result.collect().await.unwrap_err();
        assert_eq!((error.status(), error.error_source()), (502, ErrorSource::Downstream), "{error}");
        server.restart().unwrap();
        assert_eq!(source.value("1").await.1, json!(1));
    });
}

#[test]
fn a_no_that_is_not_the_servers_is_quoted() {
    let source = source(1, json!({}));
    testing::answer_http_with(|_| {
        let headers = HeaderMap::from_iter([(wellhead_sdk::http::header::SERVER, HeaderValue::from_static("proxy"))]);
        Ok(HttpAnswer::new(503, Cursor::new(&b"<html>no backend</html>"[..])).with_headers(headers))
    });
    let error = block_on(source.error(json!({"rawSql": "SELECT 1"})));
    assert!(error.status() == 503 && error.message().contains("<html>no backend</html>"), "{error}");
}

#[test]
fn a_code_in_the_headers_counts_where_the_body_says_nothing() {
    let source = source(1, json!({}));
    testing::answer_http_with(|_| {
        let code = (HeaderName::from_static("x-clickhouse-exception-code"), HeaderValue::from_static("241"));
        Ok(HttpAnswer::new(500, std::io::empty()).with_headers(HeaderMap::from_iter([code])))
    });
    let error = block_on(source.error(json!({"rawSql": "SELECT 1"})));
    assert_eq!((error.status(), error.details().unwrap()["code"].as_str()), (503, Some("241")), "{error}");
    assert_eq!(error.message(), "db query error: the server answered 500 and no message (241)");
}

#[test]
fn what_the_server_read_is_in_the_frames_meta() {
    let source = source(1, json!({}));
    testing::answer_http_with(|_| {
        let summary = HeaderValue::from_static(r#"{"read_rows":"1000","read_bytes":"8000"}"#);
        let headers = HeaderMap::from_iter([(HeaderName::from_static("x-clickhouse-summary"), summary)]);
        let mut body = arrow();
        body.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
        Ok(HttpAnswer::new(200, Cursor::new(body)).with_headers(headers))
    });
    let frame = block_on(source.table("SELECT v FROM t"));
    let stats = json!([{"displayName": "Rows read", "value": 1000},
                       {"displayName": "Bytes read", "unit": "decbytes", "value": 8000}]);
    assert_eq!(frame["schema"]["meta"]["stats"], stats);
}
