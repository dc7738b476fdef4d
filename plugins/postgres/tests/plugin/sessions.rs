//! One connection serves many users, one after the other: nothing of one query gets into the next, and what was given up
//! ends at the server before its place is given away.

use crate::support::Source;
use serde_json::{Value, json};
use std::time::Duration;
use wellhead_sdk::testing::block_on;
use wellhead_sdk::{Error, task};
use wellhead_test_servers::PostgreSql;

/// A data source that has one connection.
fn single() -> Source {
    Source::with(PostgreSql::start().unwrap(), json!({"maxOpenConns": 1}))
}

async fn pid(source: &Source) -> Value {
    source.value("SELECT pg_backend_pid()").await
}

/// Waits until the server has no connection of the data source but those that sleep for others.
async fn until_gone(source: &Source) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wellhead'";
    for _ in 0..300 {
        if source.server.ask(sql).unwrap() == "0" {
            return;
        }
        task::sleep(Duration::from_millis(100)).await;
    }
    panic!("connections stay: {}", source.server.ask("SELECT query, state FROM pg_stat_activity").unwrap());
}

#[test]
fn a_session_that_was_changed_is_nobody_elses_and_one_that_was_not_is_used_again() {
    let source = single();
    block_on(async {
        let first = pid(&source).await;
        // A failure leaves nothing behind.
        source.error(json!({"rawSql": "SELECT 1/0", "format": "table"})).await;
        assert_eq!(pid(&source).await, first);
        for changing in [
            "SET search_path = elsewhere; SELECT 1 AS one",
            "SELECT set_config('search_path', 'elsewhere', false) AS v",
            "SELECT pg_advisory_lock(7)::text AS v",
            "WITH a AS (SELECT set_config('role', 'postgres', false)) SELECT * FROM a",
        ] {
            let before = pid(&source).await;
            source.table(changing).await.unwrap();
            assert_ne!(pid(&source).await, before, "{changing}");
        }
        assert_eq!(source.value("SELECT current_setting('search_path')").await, "\"$user\", public");
        assert_eq!(source.server.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").unwrap(), "0");
    });
}

#[test]
fn a_query_that_fails_half_way_cancels_nobody_elses() {
    let source = single();
    block_on(async {
        for _ in 0..3 {
            let error = source.error(json!({"rawSql": "SELECT 1; SELECT 'a'", "format": "table"})).await;
            assert!(error.message().contains("different columns"), "{error:?}");
            assert_eq!(source.value("SELECT 7 FROM pg_sleep(1)").await, 7);
        }
    });
}

#[test]
fn a_server_that_waits_for_more_is_left() {
    let source = single();
    block_on(async {
        let copy = "CREATE TEMP TABLE t (a int); COPY t FROM STDIN";
        for sql in [copy, "COPY (SELECT generate_series(1, 100000000)) TO STDOUT"] {
            let error = source.error(json!({"rawSql": sql, "format": "table"})).await;
            assert!(error.message().contains("unexpected message"), "{error:?}");
            until_gone(&source).await;
            assert_eq!(source.value("SELECT 7").await, 7);
        }
    });
}

#[test]
fn a_value_that_is_too_long_is_an_error_that_names_the_limit() {
    let source = single();
    block_on(async {
        let error = source.error(json!({"rawSql": "SELECT repeat('x', 100000000)", "format": "table"})).await;
        assert!(error.message().starts_with("a row, or a value in it, has more than 32 MiB"), "{error:?}");
        assert_eq!(source.value("SELECT length(repeat('x', 100000000))").await, 100_000_000);
        assert_eq!(source.value("SELECT repeat('x', 10000000)").await.as_str().unwrap().len(), 10_000_000);
    });
}

#[test]
fn what_is_given_up_has_ended_at_the_server_before_the_next_one_comes() {
    let server = PostgreSql::start().unwrap();
    server.ask("CREATE ROLE one LOGIN CONNECTION LIMIT 1").unwrap();
    let plugin = crate::support::plugin(&server, "one", "", json!({"maxOpenConns": 1})).unwrap();
    let source = Source { server, plugin };
    block_on(async {
        for _ in 0..5 {
            let slow = source.table("SELECT 1 FROM pg_sleep(60)");
            task::timeout(Duration::from_millis(200), slow).await.unwrap_err();
            assert_eq!(source.value("SELECT 7").await, 7);
        }
        // And so where it has to go for another reason.
        for _ in 0..5 {
            source.table("SET search_path = elsewhere").await.unwrap();
            assert_eq!(source.value("SELECT 7").await, 7);
        }
        Ok::<(), Error>(())
    })
    .unwrap();
}
