//! Queries of every kind.

use crate::support::Source;
use serde_json::json;
use wellhead_sdk::testing::block_on;
use wellhead_test_sql::shown;

#[test]
fn a_time_series_is_wide_and_its_gaps_are_filled() {
    let source = Source::start();
    source
        .server
        .ask(
            "CREATE TABLE m (t timestamptz, host text, v float8);
             INSERT INTO m VALUES ('2023-12-24 14:30:03Z', 'a', 1), ('2023-12-24 14:30:03Z', 'b', 2),
               ('2023-12-24 14:32:03Z', 'a', 3), ('2022-01-01', 'a', 9)",
        )
        .unwrap();
    block_on(async {
        let sql = "SELECT $__timeGroupAlias(t, '1m', NULL), host, avg(v) AS v FROM m WHERE $__timeFilter(t) \
                   GROUP BY 1, 2 ORDER BY 1, 2";
        let frames = source.ask(json!({"rawSql": sql})).await.unwrap().collect().await.unwrap();
        let frame = shown(&frames[0]);
        assert_eq!(frame["schema"]["meta"]["type"], json!("timeseries-wide"), "{frame}");
        let fields = frame["schema"]["fields"].as_array().unwrap();
        assert_eq!(fields[1]["labels"], json!({"host": "a"}));
        let values = frame["data"]["values"].as_array().unwrap();
        // From 14:15 to 14:45 by the minute.
        assert_eq!(values[0].as_array().unwrap().len(), 31);
        let there: Vec<_> = values[1].as_array().unwrap().iter().filter(|value| !value.is_null()).collect();
        assert_eq!(there, [&json!(1), &json!(3)]);
    });
}

#[test]
fn statements_run_one_after_the_other_and_their_rows_become_one_table() {
    let source = Source::start();
    source.server.ask("CREATE TABLE d AS SELECT '2024-04-03T12:43:25'::timestamp AS d").unwrap();
    block_on(async {
        let sql =
            "SET TIME ZONE -7; SELECT d::timestamptz FROM d; SET TIME ZONE DEFAULT; SELECT d::timestamptz FROM d;";
        let frame = source.table(sql).await.unwrap();
        assert_eq!(frame["data"]["values"][0], json!([1_712_173_405_000_i64, 1_712_148_205_000_i64]));
        let frame = source.table("CREATE TEMPORARY TABLE x (a int); INSERT INTO x VALUES (1); TABLE x").await.unwrap();
        assert_eq!(frame["data"]["values"], json!([[1]]));
        let error = source.error(json!({"rawSql": "SELECT 1; SELECT 'a'", "format": "table"})).await;
        assert!(error.message().contains("different columns") && error.status() == 400, "{error:?}");
    });
}

#[test]
fn parameters_are_values_and_never_sql() {
    let source = Source::start();
    block_on(async {
        let sql = "SELECT $1::int + 1 AS a, $2 || '!' AS b, $3::jsonb AS c, $4::timestamptz IS NULL AS d";
        let params = json!([41, "'; DROP TABLE t; --", {"k": [true]}, null]);
        let model = json!({"rawSql": sql, "format": "table", "params": params});
        let frames = source.ask(model).await.unwrap().collect().await.unwrap();
        let frame = shown(&frames[0]);
        assert_eq!(frame["data"]["values"], json!([[42], ["'; DROP TABLE t; --!"], [{"k": [true]}], [true]]));

        let error = source.error(json!({"rawSql": "SELECT $1::int", "format": "table"})).await;
        assert!(error.message().contains("has 1 parameters, and 0 are given"), "{error:?}");
        let error = source.error(json!({"rawSql": "SELECT $1::int", "format": "table", "params": ["x"]})).await;
        assert!(error.message().contains("invalid input syntax") && error.status() == 400, "{error:?}");
        let error = source.error(json!({"rawSql": "SELECT 1; SELECT $1::int", "params": [1]})).await;
        assert!(error.message().contains("one statement"), "{error:?}");
    });
}

#[test]
fn nothing_asked_nothing_found_and_nothing_to_give_are_answers() {
    let source = Source::start();
    block_on(async {
        assert!(source.ask(json!({"rawSql": "  "})).await.unwrap().collect().await.unwrap().is_empty());
        for sql in ["SELECT 1 AS a WHERE false", "SET application_name = 'x'", "-- nothing"] {
            let frame = source.table(sql).await.unwrap();
            assert_eq!(frame["schema"]["fields"], json!([]), "{sql}");
            assert_eq!(frame["schema"]["meta"]["executedQueryString"], sql);
        }
    });
}

#[test]
fn more_rows_than_the_limit_are_left_out_with_a_notice() {
    let source = Source::with(wellhead_test_servers::PostgreSql::start().unwrap(), json!({"rowLimit": 1_000}));
    block_on(async {
        let result = source.ask(json!({"rawSql": "SELECT generate_series(1, 100000) AS n", "format": "table"})).await;
        let frames = result.unwrap().collect().await.unwrap();
        let text = shown(&frames[0]).to_string();
        assert!(text.contains("Results have been limited to 1000"), "{text}");
        assert_eq!(frames[0].num_rows(), 1_000);
    });
}

#[test]
fn a_page_is_a_part_of_the_rows() {
    let source = Source::start();
    block_on(async {
        let sql = "SELECT n FROM generate_series(1, 100) AS n ORDER BY n DESC; -- all";
        let page = json!({"limit": 2, "offset": 10});
        let model = json!({"rawSql": sql, "format": "table", "page": page});
        let frames = source.ask(model).await.unwrap().collect().await.unwrap();
        assert_eq!(shown(&frames[0])["data"]["values"], json!([[90, 89]]));
        let error = source.error(json!({"rawSql": "SELECT 1; SELECT 2", "page": page})).await;
        assert!(error.message().contains("query.page"), "{error:?}");
    });
}

#[test]
fn a_statement_that_is_known_runs_again_after_its_table_has_changed() {
    let source = Source::start();
    source.server.ask("CREATE TABLE c AS SELECT 1 AS a").unwrap();
    block_on(async {
        assert_eq!(source.value("SELECT * FROM c").await, 1);
        source.server.ask("ALTER TABLE c ALTER a TYPE text").unwrap();
        assert_eq!(source.value("SELECT * FROM c").await, "1");
    });
}
