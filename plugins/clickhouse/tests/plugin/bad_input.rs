//! Results and texts that no dashboard should hold, and some do, before an old server and a current one: each is an
//! answer, or an error that says what is wrong.

use crate::support::{Source, source};
use serde_json::{Value, json};
use wellhead_sdk::testing::block_on;
use wellhead_test_servers::{Chdb, ClickHouse};

/// Runs a test before both servers, as far as they can be had.
fn with_both(test: impl Fn(&str, &Source)) {
    let old = ClickHouse::start().unwrap();
    test("18.16", &source(old.port(), json!({})));
    if let Some(current) = Chdb::start().unwrap() {
        test("current", &source(current.port(), json!({})));
    }
}

/// The names of a frame's fields.
fn names(frame: &Value) -> Vec<&str> {
    frame["schema"]["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect()
}

#[test]
fn five_thousand_columns_are_five_thousand_fields() {
    let columns = (0..5_000).map(|n| format!("{n} AS c{n}")).collect::<Vec<_>>().join(", ");
    with_both(|which, source| {
        let frame = block_on(source.table(&format!("SELECT {columns}")));
        let values = frame["data"]["values"].as_array().unwrap();
        assert_eq!((values.len(), &values[4_999]), (5_000, &json!([4_999])), "{which}");
        assert_eq!(names(&frame)[4_999], "c4999", "{which}");
    });
}

#[test]
fn nul_and_bytes_that_are_no_utf8_come_through_a_text() {
    with_both(|which, source| {
        for (expression, expected) in [
            ("'a\\0b'", "a\0b"),
            ("unhex('610062')", "a\0b"),
            ("unhex('61FF62')", "a\u{fffd}b"),
            ("concat('ü', unhex('C3'))", "ü\u{fffd}"),
        ] {
            let (field_type, value) = block_on(source.value(expression));
            assert_eq!((field_type.as_str(), value), ("string", json!(expected)), "{which}: {expression}");
        }
        // In the query itself it is a character of a text.
        let sql = "SELECT 'a\0b' AS v";
        assert_eq!(block_on(source.table(sql))["data"]["values"], json!([["a\0b"]]), "{which}");
    });
}

#[test]
fn of_two_time_columns_the_first_counts_in_wide_and_in_long_series() {
    let (first, last) = ("toDateTime(1710496800) AS time", "toDateTime(1710496860) AS until");
    with_both(|which, source| {
        let wide = format!("SELECT {first}, {last}, 1.5 AS v");
        let frame = block_on(source.shown(json!({"rawSql": wide, "format": "time_series"})));
        assert_eq!(names(&frame), ["time", "until", "v"], "{which}");
        let long = format!("SELECT {first}, 'a' AS host, {last}, 1.5 AS v");
        let frame = block_on(source.shown(json!({"rawSql": long, "format": "time_series"})));
        assert_eq!(frame["data"]["values"][0], json!([1_710_496_800_000_u64]), "{which}: {frame}");
        let fields = frame["schema"]["fields"].as_array().unwrap();
        assert_eq!(fields.last().unwrap()["labels"], json!({"host": "a"}), "{which}: {frame}");
    });
}

#[test]
fn a_series_without_a_time_is_shown_as_it_is_and_one_without_rows_is_empty() {
    with_both(|which, source| {
        let model = |sql: &str| json!({"rawSql": sql, "format": "time_series"});
        let frame = block_on(source.shown(model("SELECT 1 AS a, 2 AS b")));
        assert_eq!(frame["data"]["values"], json!([[1], [2]]), "{which}");
        let frame = block_on(source.shown(model("SELECT now() AS time, 1 AS v WHERE 0")));
        assert_eq!(frame["data"]["values"], json!([]), "{which}: {frame}");
    });
}
