//! Queries of every kind.

use crate::support::Source;
use futures::future::{Either, select};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wellhead_sdk::testing::block_on;
use wellhead_sdk::{DataSource, RequestContext, task};
use wellhead_test_servers::MariaDb;
use wellhead_test_sql::shown;

#[test]
fn a_time_series_is_wide_and_its_gaps_are_filled() {
    let source = Source::start();
    source
        .server
        .ask(
            "CREATE TABLE m (t timestamp, host varchar(9), v double);
             INSERT INTO m VALUES ('2023-12-24 14:30:03', 'a', 1), ('2023-12-24 14:30:03', 'b', 2),
               ('2023-12-24 14:32:03', 'a', 3), ('2022-01-01', 'a', 9)",
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
    source
        .server
        .ask("CREATE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2 AS a; END; CREATE TABLE d AS SELECT TIMESTAMP '2024-04-03 12:43:25' AS d")
        .ok();
    block_on(async {
        let sql = "SET @x = 5; SELECT @x AS a; SELECT @x + 1 AS a;";
        let frame = source.table(sql).await.unwrap();
        assert_eq!(frame["data"]["values"], json!([[5, 6]]));
        let sql = "CREATE TEMPORARY TABLE x (a int); INSERT INTO x VALUES (1); SELECT * FROM x";
        assert_eq!(source.table(sql).await.unwrap()["data"]["values"], json!([[1]]));
        // Left behind in a session that nobody gets any more.
        assert!(source.table("SELECT * FROM x").await.is_err());
        assert_eq!(source.value("SELECT @x IS NULL").await, 1);
        let error = source.error(json!({"rawSql": "SELECT 1; SELECT 'a'", "format": "table"})).await;
        assert!(error.message().contains("different columns") && error.status() == 400, "{error:?}");
    });
}

#[test]
fn a_procedure_may_have_several_results() {
    let source = Source::start();
    block_on(async {
        let none = source.table("CREATE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2 AS a; END").await;
        // The body's semicolons part the text, as they do wherever there are no delimiters; the server says so.
        assert!(none.is_err());
        let body = "EXECUTE IMMEDIATE 'CREATE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2 AS a; END'";
        source.table(body).await.unwrap();
        assert_eq!(source.table("CALL two()").await.unwrap()["data"]["values"], json!([[1, 2]]));
        assert_eq!(source.value("SELECT 7").await, 7);
    });
}

#[test]
fn parameters_are_values_and_never_sql() {
    let source = Source::start();
    block_on(async {
        let sql = "SELECT ? + 1 AS a, CONCAT(?, '!') AS b, JSON_VALUE(?, '$.k') AS c, ? IS NULL AS d, ? AS e, ? AS f, ? AS g, \
                   ? + 0 AS h, 9 AS i";
        let params = json!([41, "'; DROP TABLE t; --", {"k": "v"}, null, u64::MAX, 0.5, -1, true]);
        let model = json!({"rawSql": sql, "format": "table", "params": params});
        let frames = source.ask(model).await.unwrap().collect().await.unwrap();
        let values = shown(&frames[0])["data"]["values"].clone();
        let expected = json!([[42], ["'; DROP TABLE t; --!"], ["v"], [1], [u64::MAX], [0.5], [-1], [1], [9]]);
        assert_eq!(values, expected);

        let error = source.error(json!({"rawSql": "SELECT ?", "format": "table"})).await;
        assert!(error.message().contains("has 1 parameters, and 0 are given"), "{error:?}");
        let error = source.error(json!({"rawSql": "SELECT 1; SELECT ?", "params": [1]})).await;
        assert!(error.message().contains("one statement"), "{error:?}");
    });
}

#[test]
fn nothing_asked_nothing_found_and_nothing_to_give_are_answers() {
    let source = Source::start();
    block_on(async {
        assert!(source.ask(json!({"rawSql": "  "})).await.unwrap().collect().await.unwrap().is_empty());
        for sql in ["SELECT 1 AS a FROM DUAL WHERE false", "SET @x = 1", "-- nothing"] {
            let frame = source.table(sql).await.unwrap();
            assert_eq!(frame["schema"]["fields"], json!([]), "{sql}");
            assert_eq!(frame["schema"]["meta"]["executedQueryString"], sql);
        }
    });
}

#[test]
fn more_rows_than_the_limit_are_left_out_with_a_notice() {
    let source = Source::with(MariaDb::start().unwrap(), json!({"rowLimit": 1_000}));
    block_on(async {
        let result = source.ask(json!({"rawSql": "SELECT seq FROM seq_1_to_100000", "format": "table"})).await;
        let frames = result.unwrap().collect().await.unwrap();
        let text = shown(&frames[0]).to_string();
        assert!(text.contains("Results have been limited to 1000"), "{text}");
        assert_eq!(frames[0].num_rows(), 1_000);
    });
}

#[test]
fn many_rows_come_in_batches_and_none_is_lost() {
    let source = Source::start();
    block_on(async {
        let sql = "SELECT seq, REPEAT('x', seq % 50) AS t FROM seq_1_to_200000";
        let frames = source.ask(json!({"rawSql": sql, "format": "table"})).await.unwrap().collect().await.unwrap();
        assert_eq!(frames.iter().map(|frame| frame.num_rows()).sum::<usize>(), 200_000);
    });
}

#[test]
fn packets_of_more_than_16_mib_go_both_ways_and_above_the_limit_there_is_an_error() {
    let server = MariaDb::start_with(&["max-allowed-packet=134217728"], &[]).unwrap();
    let source = Source::with(server, json!({}));
    let mib = 1 << 20;
    block_on(async {
        // Just below, at and above the length of one part.
        for length in [(16 * mib) - 20, (16 * mib) - 11, (16 * mib) - 5, 16 * mib, 20 * mib] {
            let sql = format!("SELECT REPEAT('x', {length}) AS t, {length} AS n");
            let result = source.ask(json!({"rawSql": sql, "format": "table"})).await.unwrap();
            let frames = result.collect().await.unwrap();
            let text = shown(&frames[0])["data"]["values"][0][0].as_str().unwrap().len();
            assert_eq!(text, length);
        }
        let error =
            source.error(json!({"rawSql": format!("SELECT REPEAT('x', {})", 40 * mib), "format": "table"})).await;
        assert!(error.message().contains("more than 32 MiB, which is the most"), "{error:?}");
        let model = |length: usize| json!({"rawSql": "SELECT LENGTH(?) AS n", "format": "table", "params": ["y".repeat(length)]});
        let frames = source.ask(model(20 * mib)).await.unwrap().collect().await.unwrap();
        assert_eq!(shown(&frames[0])["data"]["values"][0][0], 20 * mib);
        let error = source.error(model(40 * mib)).await;
        assert!(error.message().contains("32 MiB is the most") && error.status() == 400, "{error:?}");
        assert_eq!(source.value("SELECT 7").await, 7);
    });
}

#[test]
fn quotes_are_read_as_the_servers_sql_mode_has_them() {
    let source = Source::start();
    block_on(async { assert_eq!(source.value("SELECT \"a\" AS v").await, "a") });
    let source = Source::with(source.server, json!({"ansiQuotes": true}));
    block_on(async {
        let frame = source.table("SELECT 1 AS \"a;b\"; SELECT 2 AS \"a;b\"").await.unwrap();
        assert_eq!(
            (&frame["data"]["values"], &frame["schema"]["fields"][0]["name"]),
            (&json!([[1, 2]]), &json!("a;b"))
        );
        assert!(source.error(json!({"rawSql": "SELECT \"a\"", "format": "table"})).await.message().contains("(1054"));
    });
}

#[test]
fn the_sessions_time_zone_is_that_of_the_settings() {
    let server = MariaDb::start_with(&["default-time-zone=-05:00"], &[]).unwrap();
    server
        .ask("CREATE TABLE t (t timestamp); SET time_zone = '+00:00'; INSERT INTO t VALUES ('2023-11-15 05:06:07')")
        .unwrap();
    let source = Source::with(server, json!({}));
    block_on(async { assert_eq!(source.value("SELECT t FROM t").await, 1_700_024_767_000_i64) });
    let source = Source::with(source.server, json!({"timezone": "+02:00"}));
    block_on(async { assert_eq!(source.value("SELECT t FROM t").await, 1_700_031_967_000_i64) });
}

#[test]
fn a_query_that_nobody_waits_for_is_killed_and_the_next_one_works() {
    let source = Source::start();
    let running = || {
        source.server.ask("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%SLEEP(60)%' AND info NOT LIKE '%processlist%'")
    };
    block_on(async {
        let asked = Box::pin(source.ask(json!({"rawSql": "SELECT SLEEP(60)", "format": "table"})));
        let seen = Box::pin(async {
            while running().unwrap() == "0" {
                task::sleep(Duration::from_millis(10)).await;
            }
        });
        let Either::Right(((), asked)) = select(asked, seen).await else { panic!("it is over") };
        drop(asked);
        let started = Instant::now();
        while running().unwrap() != "0" {
            assert!(started.elapsed() < Duration::from_secs(30), "it still runs");
            task::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(source.value("SELECT 7").await, 7);
    });
}

#[test]
fn the_server_ends_what_runs_longer_than_the_call_may() {
    let source = Source::start();
    block_on(async {
        let model =
            serde_json::from_value(json!({"rawSql": "SELECT SLEEP(60) FROM seq_1_to_2", "format": "table"})).unwrap();
        let budget = RequestContext::new(1, Duration::from_millis(100));
        let result = source.plugin.query(&budget, wellhead_test_sql::query(model)).await;
        let error = match result {
            Ok(result) => result.collect().await.unwrap_err(),
            Err(error) => error,
        };
        assert!(error.message().contains("max_statement_time") && error.status() == 504, "{error:?}");
    });
}

#[test]
fn statements_are_prepared_once_a_connection_and_forgotten_where_they_are_many() {
    let source = Source::with(MariaDb::start_with(&["max-prepared-stmt-count=40"], &[]).unwrap(), json!({}));
    let count = || source.server.ask("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'").unwrap();
    block_on(async {
        for _ in 0..3 {
            assert_eq!(source.value("SELECT 1").await, 1);
        }
        assert_eq!(count(), "Prepared_stmt_count\t1");
        for number in 0..100 {
            assert_eq!(source.value(&format!("SELECT {number}")).await, json!(number));
        }
        assert_eq!(source.value(&format!("SELECT '{}'", "x".repeat(20_000))).await, Value::from("x".repeat(20_000)));
    });
}

#[test]
fn a_server_that_came_back_is_asked_again() {
    let mut source = Source::start();
    block_on(async { assert_eq!(source.value("SELECT 1").await, 1) });
    source.server.kill().unwrap();
    block_on(async {
        let error = source.error(json!({"rawSql": "SELECT 1", "format": "table"})).await;
        assert_eq!(error.status(), 502, "{error:?}");
    });
    source.server.restart().unwrap();
    block_on(async { assert_eq!(source.value("SELECT 1").await, 1) });
}

#[test]
fn a_page_is_a_part_of_the_rows_in_the_querys_order() {
    let source = Source::start();
    source
        .server
        .ask(
            "CREATE TABLE p (n int, `offset` int); INSERT INTO p VALUES (3, 30), (1, 10), (4, 40), (2, 20);
             CREATE TABLE settings AS SELECT * FROM p",
        )
        .unwrap();
    block_on(async {
        let page = json!({"limit": 2, "offset": 1});
        for (sql, expected) in [
            ("SELECT n FROM p ORDER BY n DESC; -- all", json!([[3, 2]])),
            ("SELECT n FROM p ORDER BY n DESC LIMIT 10", json!([[3, 2]])),
            ("SELECT n FROM p ORDER BY n DESC LIMIT 2", json!([[3]])),
            ("SELECT n FROM p ORDER BY n DESC LIMIT 1, 10", json!([[2, 1]])),
            ("SELECT n FROM p ORDER BY n DESC LIMIT 10 OFFSET 2 FOR UPDATE", json!([[1]])),
            ("SELECT n FROM settings ORDER BY n", json!([[2, 3]])),
            ("SELECT FORMAT(n, 1) AS n FROM p ORDER BY n", json!([["2.0", "3.0"]])),
            ("SELECT p.offset FROM p ORDER BY p.offset", json!([[20, 30]])),
            ("SELECT n FROM p UNION ALL SELECT 9 ORDER BY n", json!([[2, 3]])),
            ("(SELECT n FROM p) UNION ALL (SELECT 9 LIMIT 1) ORDER BY n DESC LIMIT 4", json!([[4, 3]])),
            ("SELECT a.n, b.n FROM p AS a JOIN p AS b USING (n) ORDER BY a.n LIMIT 3", json!([[2, 3], [2, 3]])),
            ("SELECT n FROM p ORDER BY n LIMIT 3 ROWS EXAMINED 100", json!([[2, 3]])),
            ("SELECT n FROM p ORDER BY n OFFSET 1 ROWS FETCH FIRST 3 ROWS ONLY", json!([[3, 4]])),
            ("SELECT n FROM p ORDER BY n LOCK IN SHARE MODE", json!([[2, 3]])),
        ] {
            let frames =
                source.ask(json!({"rawSql": sql, "format": "table", "page": page})).await.unwrap().collect().await;
            let frames = frames.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            assert_eq!(shown(&frames[0])["data"]["values"], expected, "{sql}");
        }
        let error = source.error(json!({"rawSql": "SELECT 1; SELECT 2", "page": page})).await;
        assert!(error.message().contains("query.page"), "{error:?}");
    });
}

#[test]
fn an_idle_connection_that_a_restart_has_ended_is_not_given_out() {
    let mut source = Source::start();
    assert_eq!(block_on(source.value("SELECT 1")), 1);
    source.server.kill().unwrap();
    source.server.restart().unwrap();
    assert_eq!(block_on(source.value("SELECT 2")), 2);
}
