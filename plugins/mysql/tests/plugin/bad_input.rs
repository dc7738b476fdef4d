//! Results and texts that no dashboard should hold, and some do: each is an answer, or an error that says what is wrong.

use crate::support::Source;
use serde_json::{Value, json};
use wellhead_sdk::ErrorSource;
use wellhead_sdk::testing::block_on;
use wellhead_test_sql::shown;

/// The names of a frame's fields.
fn names(frame: &Value) -> Vec<&str> {
    frame["schema"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["name"].as_str().unwrap_or_default())
        .collect()
}

async fn series(source: &Source, sql: &str) -> Value {
    let frames = source.ask(json!({"rawSql": sql})).await.unwrap().collect().await.unwrap();
    assert_eq!(frames.len(), 1, "{sql}");
    shown(&frames[0])
}

#[test]
fn five_thousand_columns_are_as_many_fields_and_too_many_for_a_table() {
    let source = Source::start();
    let columns = |count: usize| (0..count).map(|n| format!("{n} AS c{n}")).collect::<Vec<_>>().join(", ");
    block_on(async {
        let frame = source.table(&format!("SELECT {}", columns(5_000))).await.unwrap();
        let values = frame["data"]["values"].as_array().unwrap();
        assert_eq!((values.len(), &values[4_999]), (5_000, &json!([4_999])));
        let sql = format!("CREATE TEMPORARY TABLE t AS SELECT {}", columns(5_000));
        let error = source.error(json!({"rawSql": sql, "format": "table"})).await;
        assert!(error.message().contains("Too many columns (1117, HY000)"), "{error:?}");
        assert_eq!((error.status(), error.error_source()), (400, ErrorSource::Downstream), "{error:?}");
        assert_eq!(source.value("SELECT 7").await, 7);
    });
}

#[test]
fn nul_in_a_text_a_query_and_a_parameter_is_a_character_as_any_other() {
    let source = Source::start();
    block_on(async {
        for sql in ["SELECT 'a\\0b' AS v", "SELECT 'a\0b' AS v", "SELECT CONCAT('a', CHAR(0), 'b') AS v"] {
            assert_eq!(source.value(sql).await, "a\0b", "{sql:?}");
        }
        let model = json!({"rawSql": "SELECT ? AS v", "format": "table", "params": ["a\0b"]});
        let frames = source.ask(model).await.unwrap().collect().await.unwrap();
        let text = String::from_utf8(frames[0].to_json(&wellhead_frame::JsonOptions::default()).unwrap()).unwrap();
        assert!(text.contains("a\\u0000b"), "{text}");
        // Outside of a text it is no SQL, as the server says.
        let error = source.error(json!({"rawSql": "SELECT \0 1", "format": "table"})).await;
        assert!(error.message().contains("(1064, 42000)") && error.status() == 400, "{error:?}");
        assert_eq!(source.value("SELECT 7").await, 7);
    });
}

#[test]
fn bytes_that_are_no_utf8_are_hexadecimal_and_texts_of_other_sets_are_texts() {
    let source = Source::start();
    block_on(async {
        for (sql, expected) in [
            ("SELECT x'61FF62' AS v", json!("0x61FF62")),
            ("SELECT BINARY 'ü' AS v", json!("ü")),
            ("SELECT CONVERT(x'FC' USING latin1) AS v", json!("ü")),
            ("SELECT CONVERT(_utf8mb4'ü' USING utf16) AS v", json!("ü")),
            ("SELECT CAST(x'61FF' AS BINARY(4)) AS v", json!("0x61FF0000")),
        ] {
            assert_eq!(source.value(sql).await, expected, "{sql}");
        }
        let error = source.error(json!({"rawSql": "SELECT _utf8mb4 x'FF' AS v", "format": "table"})).await;
        assert!(error.message().contains("Invalid utf8mb4 character string") && error.status() == 400, "{error:?}");
    });
}

#[test]
fn of_two_time_columns_the_last_counts_in_wide_and_in_long_series() {
    let source = Source::start();
    let (first, last) = ("TIMESTAMP '2023-12-24 14:15:30' AS time", "1703427400 AS time_sec");
    block_on(async {
        let wide = series(&source, &format!("SELECT {first}, {last}, 1.5 AS v")).await;
        assert_eq!(names(&wide), ["time", "Time", "v"]);
        let values = [json!([1_703_427_330_000_i64]), json!([1_703_427_400_000_i64]), json!([1.5])];
        assert_eq!(wide["data"]["values"], json!(values));
        let long = series(&source, &format!("SELECT {first}, 'a' AS host, {last}, 1.5 AS v")).await;
        assert_eq!(names(&long), ["Time", "time", "v"]);
        let values = [json!([1_703_427_400_000_i64]), json!([1_703_427_330_000_i64]), json!([1.5])];
        assert_eq!(long["data"]["values"], json!(values));
        assert_eq!(long["schema"]["fields"][2]["labels"], json!({"host": "a"}));
    });
}

#[test]
fn names_that_are_there_twice_are_two_fields() {
    let source = Source::start();
    let time = "TIMESTAMP '2023-12-24 14:15:30' AS time";
    block_on(async {
        let table = source.table("SELECT 1 AS a, 'x' AS a, 3 AS ``").await.unwrap();
        assert_eq!((names(&table), &table["data"]["values"]), (vec!["a", "a", ""], &json!([[1], ["x"], [3]])));
        let wide = series(&source, &format!("SELECT {time}, 1 AS v, 2 AS v")).await;
        assert_eq!((names(&wide), &wide["data"]["values"][2]), (vec!["Time", "v", "v"], &json!([2])));
        let long = series(&source, &format!("SELECT {time}, 'h' AS host, 1 AS v, 2 AS v")).await;
        assert_eq!((names(&long), &long["data"]["values"][2]), (vec!["Time", "v", "v"], &json!([2])));
    });
}

#[test]
fn a_series_without_rows_is_empty_and_one_without_a_time_says_what_it_lacks() {
    let source = Source::start();
    block_on(async {
        for sql in ["SELECT NOW() AS time, 1 AS v FROM DUAL WHERE false", "SELECT 1 AS v FROM DUAL WHERE false"] {
            let frame = series(&source, sql).await;
            assert_eq!((&frame["schema"]["fields"], &frame["data"]["values"]), (&json!([]), &json!([])), "{sql}");
            assert_eq!(frame["schema"]["meta"]["executedQueryString"], sql);
        }
        for sql in ["SELECT NOW() AS t, 1 AS v", "SELECT 1"] {
            let error = source.error(json!({"rawSql": sql})).await;
            assert!(error.message().contains("db has no time column") && error.status() == 400, "{sql}: {error:?}");
        }
    });
}
