//! A current ClickHouse: rows come as Arrow.

use crate::support::{Source, pass_on, pass_on_without_arrow, shown, source};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wellhead_sdk::Error;
use wellhead_sdk::testing::{self, HttpAnswer, block_on};
use wellhead_test_servers::Chdb;

fn with(json_data: Value, test: impl FnOnce(&Chdb, Source)) {
    let Some(server) = Chdb::start().unwrap() else { return };
    let source = source(server.port(), json_data);
    test(&server, source);
}

#[test]
fn every_type_has_grafanas() {
    with(json!({}), |server, source| {
        let old = self::source(server.port(), json!({}));
        for (expression, field_type, value) in [
            ("1::UInt8", "uint8", json!(1)),
            ("-1::Int8", "int8", json!(-1)),
            ("2::UInt16", "uint16", json!(2)),
            ("3::UInt32", "uint32", json!(3)),
            ("18446744073709551615::UInt64", "uint64", json!(18_446_744_073_709_551_615_u64)),
            ("-5::Int64", "int64", json!(-5)),
            ("-170141183460469231731687303715884105728::Int128", "float64", json!(-1.7014118346046923e38)),
            ("12::UInt256", "float64", json!(12)),
            ("1.5::Float32", "float32", json!(1.5)),
            ("1.5::Float64", "float64", json!(1.5)),
            ("toBFloat16(1.5)", "float64", json!(1.5)),
            ("true", "bool", json!(true)),
            ("toDecimal32('1.25', 2)", "float64", json!(1.25)),
            ("toDecimal256('-1.25', 2)", "float64", json!(-1.25)),
            ("'it\\'s'", "string", json!("it's")),
            ("'a\\0b'", "string", json!("a\0b")),
            ("unhex('61FF62')", "string", json!("a\u{fffd}b")),
            ("toFixedString('abc', 5)", "string", json!("abc\0\0")),
            ("toLowCardinality('x')", "string", json!("x")),
            ("'x'::LowCardinality(Nullable(String))", "string?", json!("x")),
            ("CAST('b', 'Enum8(\\'a\\' = 1, \\'b\\' = 2)')", "string", json!("b")),
            ("CAST('a', 'Enum16(\\'a\\' = 1000)')", "string", json!("a")),
            ("toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", "string", json!("61f0c404-5cb3-11e7-907b-a6006ad3dba0")),
            ("toIPv4('1.2.3.4')", "string", json!("1.2.3.4")),
            ("toIPv6('::1')", "string", json!("::1")),
            ("toDateTime(1710496800)", "time.Time", json!(1_710_496_800_000_u64)),
            ("toDateTime('2024-03-15 11:00:00', 'Europe/Berlin')", "time.Time", json!(1_710_496_800_000_u64)),
            ("toDateTime64('2024-03-15 10:00:00.123', 3)", "time.Time", json!(1_710_496_800_123_u64)),
            ("toDate('2024-03-15')", "time.Time", json!(1_710_460_800_000_u64)),
            ("toDate32('1950-01-01')", "time.Time", json!(-631_152_000_000_i64)),
            ("NULL", "string?", Value::Null),
            ("7::Nullable(UInt8)", "uint8?", json!(7)),
            ("[1, 2]", "json.RawMessage", json!([1, 2])),
            ("[toIPv4('1.2.3.4'), NULL]", "json.RawMessage", json!(["1.2.3.4", null])),
            ("[[toDateTime(0)], []]", "json.RawMessage", json!([["1970-01-01T00:00:00Z"], []])),
            ("map('a', 1, 'b', 2)", "json.RawMessage", json!({"a": 1, "b": 2})),
            ("map(1, [nan, 1.5])", "json.RawMessage", json!({"1": [null, 1.5]})),
            ("tuple(1, 'x\"')", "json.RawMessage", json!([1, "x\""])),
            ("tuple(1, 'x')::Tuple(a UInt8, b String)", "json.RawMessage", json!({"a": 1, "b": "x"})),
            ("(1.0, 2.0)::Point", "json.RawMessage", json!([1, 2])),
            ("'{\"a\":{\"b\":1}}'::JSON", "json.RawMessage", json!({"a": {"b": 1}})),
            ("1::Variant(String, UInt8)", "json.RawMessage?", json!(1)),
            ("toIntervalDay(3)", "int64", json!(3)),
            ("toTime('12:34:56')", "string", json!("12:34:56")),
        ] {
            assert_eq!(block_on(source.value(expression)), (field_type.to_owned(), value.clone()), "{expression}");
            // A server that knows no Arrow says the same, except that numbers may be null there.
            if expression.contains("nan") {
                // Within an array, its JSON has a text for it.
                continue;
            }
            testing::answer_http_with(pass_on_without_arrow);
            let (by_json, json) = block_on(old.value(expression));
            assert_eq!(
                (by_json.trim_end_matches('?'), json),
                (field_type.trim_end_matches('?'), value),
                "{expression}"
            );
            testing::answer_http_with(pass_on);
        }
    });
}

#[test]
fn the_seeds_of_grafanas_own_tests_are_shown() {
    with(json!({"defaultDatabase": "shop"}), |server, source| {
        server.ask("CREATE DATABASE shop").unwrap();
        server
            .ask("CREATE TABLE shop.events (timestamp DateTime, level LowCardinality(String), value Float64) ENGINE = MergeTree ORDER BY timestamp")
            .unwrap();
        server
            .ask("INSERT INTO shop.events VALUES ('2024-03-15 10:00:00', 'info', 1), ('2024-03-15 10:00:00', 'warn', 85.3), ('2024-03-15 10:01:00', 'info', 2)")
            .unwrap();
        let sql = "SELECT $__timeInterval(timestamp) AS time, level, max(value) AS value FROM events \
                   WHERE $__timeFilter(timestamp) GROUP BY time, level ORDER BY time, level";
        let frame = block_on(source.shown(json!({"rawSql": sql, "format": "time_series"})));
        let minutes = [1_710_496_800_000_u64, 1_710_496_860_000];
        assert_eq!(frame["data"]["values"], json!([minutes, [1, 2], [85.3, null]]));
        assert_eq!(frame["schema"]["fields"][2]["labels"], json!({"level": "warn"}));
        let sql = "SELECT * FROM events ORDER BY timestamp, level LIMIT 1";
        let table = block_on(source.table(sql));
        assert_eq!(table["data"]["values"], json!([[minutes[0]], ["info"], [1]]));
        assert_eq!(table["schema"]["meta"]["executedQueryString"], json!(sql));
        // No row: the columns are there all the same.
        let none = block_on(source.table("SELECT * FROM events WHERE value > 100"));
        assert_eq!(none["schema"]["fields"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn parameters_and_settings_reach_the_server() {
    with(json!({"customSettings": [{"setting": "max_threads", "value": "3"}]}), |_, source| {
        let model = json!({
            "rawSql": "SELECT {text:String} AS t, {numbers:Array(UInt8)}[2] AS n, {none:Nullable(UInt8)} AS z, getSetting('max_threads') AS s",
            "params": {"text": "it's \\ \t\n", "numbers": [1, 2], "none": null},
            "format": "table",
        });
        let frame = block_on(source.shown(model));
        let values = &frame["data"]["values"];
        assert_eq!((&values[0], &values[1], &values[2]), (&json!(["it's \\ \t\n"]), &json!([2]), &json!([null])));
        assert_eq!(values[3][0].to_string().trim_matches('"'), "3");
    });
}

#[test]
fn a_million_rows_come_as_they_are() {
    with(json!({}), |_, source| {
        let sql = "SELECT toDateTime64(number, 9, 'UTC') AS t, number::Float64 AS f, number::Int64 AS i, toString(number) AS s \
                   FROM numbers(1000000)";
        let frames = block_on(async { source.ask(json!({"rawSql": sql, "format": "table"})).await?.collect().await });
        let frames = frames.unwrap();
        assert_eq!(frames[0].num_rows(), 1_000_000);
    });
}

#[test]
fn types_are_asked_for_only_where_arrow_does_not_tell_them() {
    with(json!({}), |_, source| {
        let described = |sql: &str| {
            let asked = Rc::new(Cell::new(false));
            let see = Rc::clone(&asked);
            testing::answer_http_with(move |request| {
                see.set(see.get() || request.body.starts_with(b"DESCRIBE"));
                pass_on(request)
            });
            let _ = block_on(source.table(sql));
            asked.get()
        };
        assert!(!described("SELECT 'a', 1.5, 1::Int64, [1.5], map('a', 'b'), now64(9), today(), '{}'::JSON"));
        assert!(described("SELECT now()"));
        assert!(described("SELECT [toIPv4('1.2.3.4')]"));
    });
}

/// What a time is where DESCRIBE is answered with this exception, and how often the query was sent.
fn undescribed(server: &Chdb, exception: &'static str) -> (Result<Value, Error>, usize) {
    let source = source(server.port(), json!({}));
    let sql = "SELECT toDateTime(1710496800, 'UTC') AS t, toIPv4('1.2.3.4') AS ip";
    let sent = Rc::new(Cell::new(0));
    let count = Rc::clone(&sent);
    testing::answer_http_with(move |request| {
        if request.body.starts_with(b"DESCRIBE") {
            return Ok(HttpAnswer::new(500, exception.as_bytes()));
        }
        count.set(count.get() + usize::from(request.body == sql.as_bytes()));
        pass_on(request)
    });
    let model = json!({"rawSql": sql, "format": "table"});
    let answer = block_on(async { source.ask(model).await?.collect().await });
    (answer.map(|frames| shown(&frames[0])), sent.get())
}

#[test]
fn types_that_cannot_be_asked_for_are_never_guessed() {
    with(json!({}), |server, _| {
        let busy =
            "Code: 202. DB::Exception: Too many simultaneous queries for user default. (TOO_MANY_SIMULTANEOUS_QUERIES)";
        let error = undescribed(server, busy).0.unwrap_err();
        assert_eq!((error.status(), error.details()), (503, Some(&json!({"code": "202"}))), "{error}");
        for part in ["column \"t\"", "Too many simultaneous", "max_concurrent_queries_for_user", "toDateTime64(…, 0)"]
        {
            assert!(error.message().contains(part), "{error}");
        }
        let slow = "Code: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED)";
        let error = undescribed(server, slow).0.unwrap_err();
        assert!(error.status() == 504 && !error.message().contains("max_concurrent"), "{error}");
    });
}

#[test]
fn what_is_run_and_not_described_is_read_as_json_which_names_its_types() {
    with(json!({}), |server, _| {
        let syntax = "Code: 62. DB::Exception: Syntax error: failed at position 18. (SYNTAX_ERROR)";
        let (frame, sent) = undescribed(server, syntax);
        assert_eq!(
            (frame.unwrap()["data"]["values"].clone(), sent),
            (json!([[1_710_496_800_000_u64], ["1.2.3.4"]]), 2)
        );
    });
}

#[test]
fn what_selects_nothing_is_read_as_json() {
    with(json!({}), |_, source| {
        let seen = Rc::new(RefCell::new(String::new()));
        let see = Rc::clone(&seen);
        testing::answer_http_with(move |request| {
            see.borrow_mut().push_str(&request.url);
            pass_on(request)
        });
        let frame = block_on(source.table("SHOW DATABASES LIKE 'system'"));
        assert_eq!(frame["data"]["values"], json!([["system"]]));
        assert!(seen.borrow().contains("JSONCompact") && !seen.borrow().contains("ArrowStream"));
        let explained = block_on(source.resource("explain", "", r#"{"rawSql": "SELECT 1"}"#));
        assert_eq!(explained["executedQueryString"], json!("EXPLAIN ESTIMATE SELECT 1"));
        let nothing = block_on(async { source.ask(json!({"rawSql": "SET max_threads = 1"})).await?.collect().await });
        assert_eq!(nothing.unwrap()[0].num_fields(), 0);
    });
}

#[test]
fn an_error_has_the_servers_words_code_and_place() {
    with(json!({}), |_, source| {
        let error = block_on(source.error(json!({"rawSql": "SELECT 1\nFROM numbers(1)\nWHER 1"})));
        assert_eq!((error.status(), error.details().unwrap()["code"].as_str()), (400, Some("62")));
        assert_eq!(error.details().unwrap()["position"]["line"], json!(3), "{error}");
        let error = block_on(source.error(json!({"rawSql": "SELECT * FROM nowhere"})));
        assert!(error.status() == 400 && error.message().contains("(60)"), "{error}");
        let error = block_on(source.error(json!({"rawSql": "SELECT 1 FORMAT CSV"})));
        assert!(error.message().contains("leave it out"), "{error}");
        let error = block_on(source.error(json!({"rawSql": "SELECT $__timeGroup(t, 5x)"})));
        assert!(error.message().contains("$__timeGroup"), "{error}");
    });
}
