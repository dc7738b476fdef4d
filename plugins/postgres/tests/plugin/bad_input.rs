//! Results and texts that no dashboard should hold, and some do: each is an answer, or an error that says what is wrong.

use crate::support::Source;
use serde_json::{Value, json};
use wellhead_sdk::ErrorSource;
use wellhead_sdk::testing::block_on;
use wellhead_test_sql::shown;

/// The names of a frame's fields.
fn names(frame: &Value) -> Vec<&str> {
    frame["schema"]["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect()
}

async fn series(source: &Source, sql: &str) -> Value {
    let frames = source.ask(json!({"rawSql": sql})).await.unwrap().collect().await.unwrap();
    assert_eq!(frames.len(), 1, "{sql}");
    shown(&frames[0])
}

#[test]
fn as_many_columns_as_the_server_has_come_and_above_that_it_says_no() {
    let source = Source::start();
    let columns = |count: usize| (0..count).map(|n| format!("{n} AS c{n}")).collect::<Vec<_>>().join(", ");
    block_on(async {
        let frame = source.table(&format!("SELECT {}", columns(1_664))).await.unwrap();
        let values = frame["data"]["values"].as_array().unwrap();
        assert_eq!((values.len(), &values[1_663]), (1_664, &json!([1_663])));
        let error = source.error(json!({"rawSql": format!("SELECT {}", columns(5_000)), "format": "table"})).await;
        assert!(error.message().contains("target lists can have at most 1664 entries (54011)"), "{error:?}");
        assert_eq!((error.status(), error.error_source()), (400, ErrorSource::Downstream), "{error:?}");
        assert_eq!(source.value("SELECT 7").await, 7);
    });
}

#[test]
fn nul_is_refused_where_the_server_has_none_and_shown_where_it_has() {
    let source = Source::start();
    block_on(async {
        let with = |params: Value, sql: &str| json!({"rawSql": sql, "format": "table", "params": params});
        for (model, expected) in [
            (with(json!([]), "SELECT 'a\0b'"), "NUL"),
            (with(json!([]), "SELECT 1;\n  SELECT '\0'"), "line 2, column 11"),
            (with(json!([]), "SELECT chr(0)"), "null character not permitted (54000)"),
            (with(json!([]), "SELECT E'\\x00'"), "invalid byte sequence for encoding \"UTF8\": 0x00 (22021)"),
            (with(json!(["a\0b"]), "SELECT $1::text"), "invalid byte sequence for encoding \"UTF8\": 0x00 (22021)"),
        ] {
            let error = source.error(model.clone()).await;
            assert!(error.message().contains(expected), "{model}: {error:?}");
            assert_eq!((error.status(), error.error_source()), (400, ErrorSource::Downstream), "{model}: {error:?}");
        }
        assert_eq!(source.value("SELECT '\\x610062'::bytea").await, "a\0b");
        assert_eq!(source.value("SELECT 7").await, 7);
    });
}

#[test]
fn bytes_that_are_no_utf8_are_hexadecimal_or_the_servers_error() {
    let source = Source::start();
    source
        .server
        .ask("CREATE DATABASE bytes ENCODING SQL_ASCII LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        .unwrap();
    let refused = async |source: &Source, sql: &str| {
        let error = source.error(json!({"rawSql": sql, "format": "table"})).await;
        assert!(error.message().contains("invalid byte sequence for encoding \"UTF8\": 0xff (22021)"), "{error:?}");
        assert_eq!((error.status(), error.error_source()), (400, ErrorSource::Downstream), "{error:?}");
        assert_eq!(source.value("SELECT 7").await, 7);
    };
    block_on(async {
        assert_eq!(source.value("SELECT '\\x61ff62'::bytea").await, "\\x61ff62");
        refused(&source, "SELECT convert_from('\\xff', 'UTF8')").await;
    });
    // A database of this encoding keeps what it is given, and looks at it when somebody wants it as UTF-8.
    let source = Source::with(source.server, json!({"database": "bytes"}));
    block_on(async {
        refused(&source, "SELECT E'a\\xff' AS v").await;
        refused(&source, "SELECT convert_from('\\x61ff', 'SQL_ASCII') AS v").await;
    });
}

#[test]
fn of_two_time_columns_the_last_counts_in_wide_and_in_long_series() {
    let source = Source::start();
    let (first, last) = ("to_timestamp(1703427330) AS time", "to_timestamp(1703427400) AS time");
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
    block_on(async {
        let table = source.table("SELECT 1 AS a, 'x' AS a, 3 AS a").await.unwrap();
        assert_eq!((names(&table), &table["data"]["values"]), (vec!["a", "a", "a"], &json!([[1], ["x"], [3]])));
        let time = "to_timestamp(1703427330) AS time";
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
        for sql in ["SELECT now() AS time, 1 AS v WHERE false", "SELECT 1 AS v WHERE false"] {
            let frame = series(&source, sql).await;
            assert_eq!((&frame["schema"]["fields"], &frame["data"]["values"]), (&json!([]), &json!([])), "{sql}");
            assert_eq!(frame["schema"]["meta"]["executedQueryString"], sql);
        }
        for sql in ["SELECT now() AS t, 1 AS v", "SELECT now() AS \"Time\", 1 AS v", "SELECT 1"] {
            let error = source.error(json!({"rawSql": sql})).await;
            assert!(error.message().contains("db has no time column") && error.status() == 400, "{sql}: {error:?}");
        }
        let error = source.error(json!({"rawSql": "SELECT 'soon' AS time, 1 AS v"})).await;
        assert!(error.message().contains("column `time` holds neither times nor numbers"), "{error:?}");
    });
}
