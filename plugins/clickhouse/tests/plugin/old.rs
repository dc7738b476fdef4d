//! ClickHouse 18.16: rows come as JSONCompact.

use crate::support::{BUDGET, pass_on, source};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use wellhead_sdk::task;
use wellhead_sdk::testing::{self, block_on};
use wellhead_test_servers::ClickHouse;

#[test]
fn every_type_of_an_old_server_has_grafanas() {
    let server = ClickHouse::start().unwrap();
    let source = source(server.port(), json!({}));
    for (expression, field_type, value) in [
        ("toUInt64(18446744073709551615)", "uint64?", json!(18_446_744_073_709_551_615_u64)),
        ("toInt8(-1)", "int8?", json!(-1)),
        ("1.5", "float64?", json!(1.5)),
        ("nan", "float64?", Value::Null),
        ("toDecimal64(1.25, 2)", "float64", json!(1.25)),
        ("'it\\'s \\\\ \\n'", "string", json!("it's \\ \n")),
        ("toFixedString('a', 3)", "string", json!("a\0\0")),
        ("CAST('a', 'Enum8(\\'a\\' = 1)')", "string", json!("a")),
        ("toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", "string", json!("61f0c404-5cb3-11e7-907b-a6006ad3dba0")),
        ("toDateTime(1710496800)", "time.Time", json!(1_710_496_800_000_u64)),
        ("toDate('2024-03-15')", "time.Time", json!(1_710_460_800_000_u64)),
        ("toDateTime(0)", "time.Time", json!(0)),
        ("[1, 2]", "json.RawMessage", json!([1, 2])),
        ("tuple(1, 'x')", "json.RawMessage", json!([1, "x"])),
        ("NULL", "string?", Value::Null),
        ("toNullable(toUInt8(7))", "uint8?", json!(7)),
    ] {
        assert_eq!(block_on(source.value(expression)), (field_type.to_owned(), value), "{expression}");
    }
}

#[test]
fn a_time_series_is_turned_wide() {
    let server = ClickHouse::start().unwrap();
    let source = source(server.port(), json!({}));
    let sql = "SELECT toDateTime(1710496800 + intDiv(number, 2) * 60) AS time, if(number % 2 = 0, 'a', 'b') AS host, \
               toFloat64(number) AS value FROM system.numbers WHERE $__timeFilter(time) LIMIT 4";
    let frame = block_on(source.shown(json!({"rawSql": sql, "format": "time_series"})));
    assert_eq!(frame["schema"]["fields"][1]["labels"], json!({"host": "a"}));
    assert_eq!(frame["data"]["values"], json!([[1_710_496_800_000_u64, 1_710_496_860_000_u64], [0, 2], [1, 3]]));
    let executed = frame["schema"]["meta"]["executedQueryString"].as_str().unwrap();
    assert!(executed.contains("time >= toDateTime(1710495900)"), "{executed}");
}

#[test]
fn a_page_is_a_part_of_the_rows() {
    let server = ClickHouse::start().unwrap();
    let source = source(server.port(), json!({}));
    let model = |sql: &str| json!({"rawSql": sql, "format": "table", "page": {"limit": 2, "offset": 10}});
    let sql = "SELECT number FROM (SELECT number FROM system.numbers LIMIT 100) ORDER BY number LIMIT 50";
    assert_eq!(block_on(source.shown(model(sql)))["data"]["values"], json!([[10, 11]]));
    let error = block_on(source.error(model("SELECT 1; SELECT 2")));
    assert!(error.message().contains("query.page"), "{error:?}");
}

#[test]
fn many_rows_come_in_batches_and_no_row_is_lost() {
    let server = ClickHouse::start().unwrap();
    let source = source(server.port(), json!({}));
    let sql = "SELECT number, toString(number) FROM system.numbers LIMIT 300000";
    let frames = block_on(async { source.ask(json!({"rawSql": sql, "format": "table"})).await?.collect().await });
    let frames = frames.unwrap();
    assert_eq!((frames.len(), frames[0].num_rows()), (1, 300_000));
    assert!(frames[0].batches().len() > 10);
}

#[test]
fn what_an_old_server_cannot_do_is_said() {
    let server = ClickHouse::start().unwrap();
    let source = source(server.port(), json!({}));
    let error = block_on(source.error(json!({"rawSql": "SELECT {a:UInt8}", "params": {"a": 1}})));
    assert!(error.status() == 400 && error.message().contains("too old for parameters"), "{error}");
    let error = block_on(source.error(json!({"rawSql": "SELECT toDateTime(1, 'Europe/Berlin') AS t"})));
    assert!(error.status() == 400 && error.message().contains("toTimeZone(t, 'UTC')"), "{error}");
}

#[test]
fn a_query_that_nobody_waits_for_is_killed_at_the_server() {
    let server = ClickHouse::start().unwrap();
    let source = source(server.port(), json!({}));
    let sent = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&sent);
    testing::answer_http_with(move |request| {
        seen.borrow_mut().push((request.url.clone(), String::from_utf8_lossy(&request.body).into_owned()));
        pass_on(request)
    });
    // Every block takes its time, and the answer begins with the second one.
    let sql = "SELECT number, sleep(0.3), '0123456789' FROM system.numbers LIMIT 100000000";
    block_on(async {
        let result = source.ask(json!({"rawSql": sql, "format": "table"})).await.unwrap();
        let running = || server.ask("SELECT count() FROM system.processes WHERE query LIKE '%sleep(0.3)%'").unwrap();
        assert_eq!(running(), "2", "the query, and the one that looks for it");
        drop(result);
        let deadline = Instant::now() + BUDGET;
        while running() != "1" {
            assert!(Instant::now() < deadline, "it still runs");
            task::sleep(Duration::from_millis(20)).await;
        }
    });
    let sent = sent.borrow();
    let (url, kill) = sent.last().unwrap();
    assert!(!url.contains("query_id="), "{url}");
    let id = kill.strip_prefix("KILL QUERY WHERE query_id = '").unwrap().strip_suffix("' ASYNC").unwrap();
    assert!(sent.iter().any(|(url, body)| url.contains(&format!("query_id={id}")) && body == sql), "{sent:?}");
}

#[test]
fn editors_get_their_lists() {
    let server = ClickHouse::start().unwrap();
    server.ask("CREATE DATABASE shop").unwrap();
    server.ask("CREATE TABLE shop.`it's` (id UInt64, name Nullable(String)) ENGINE = Memory").unwrap();
    let source = source(server.port(), json!({}));
    block_on(async {
        let databases = source.resource("databases", "", "").await;
        assert!(databases.as_array().unwrap().contains(&json!("shop")), "{databases}");
        assert_eq!(source.resource("tables", "database=shop", "").await, json!(["it's"]));
        assert_eq!(
            source.resource("columns", "database=shop&table=it%27s", "").await,
            json!([{"name": "id", "type": "UInt64"}, {"name": "name", "type": "Nullable(String)"}])
        );
        assert!(source.resource("functions", "", "").await.as_array().unwrap().contains(&json!("toStartOfHour")));
        let columns = source.resource("columns", "database=shop&table=%27+OR+1%3D1", "").await;
        assert_eq!(columns, json!([]));
    });
}
