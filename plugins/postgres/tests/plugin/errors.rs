//! What is wrong with a query, in the server's words, with the place.

use crate::support::Source;
use serde_json::json;
use wellhead_sdk::ErrorSource;
use wellhead_sdk::testing::block_on;
use wellhead_test_servers::PostgreSql;

#[test]
fn an_error_has_the_servers_message_code_place_and_status() {
    let source = Source::start();
    block_on(async {
        for (sql, status, expected) in [
            ("SELECT now() AS time;\nSELEC 2", 400, "syntax error at or near \"SELEC\" (42601) at line 2, column 1"),
            ("SELECT *\n  FROM nowhere", 400, "relation \"nowhere\" does not exist (42P01) at line 2, column 8"),
            ("SELECT 1/0", 400, "division by zero (22012)"),
            ("SELECT 'ü', nothing", 400, "column \"nothing\" does not exist (42703) at line 1, column 13"),
            ("SELECT $__timeFilter()", 400, "$__timeFilter"),
            ("SELECT $__nothing(a)", 400, "$__nothing"),
            ("SELECT $__timeGroup(a, 'x')", 400, "$__timeGroup"),
            ("SELECT 1::text AS a", 400, "time column"),
            ("DO $$ BEGIN RAISE 'no' USING HINT = 'try', DETAIL = 'because'; END $$", 400, "no (P0001); because; try"),
        ] {
            let error = source.error(json!({"rawSql": sql})).await;
            assert!(error.message().contains(expected), "{sql}: {error:?}");
            assert_eq!((error.status(), error.error_source()), (status, ErrorSource::Downstream), "{sql}");
        }
    });
}

#[test]
fn a_server_without_tls_is_an_error_with_its_cure() {
    let source = Source::with(PostgreSql::start().unwrap(), json!({"sslmode": "require"}));
    let error = block_on(source.error(json!({"rawSql": "SELECT 1"})));
    assert!(error.message().starts_with("the server does not support TLS: set sslmode to disable"), "{error:?}");
}

#[test]
fn an_error_in_the_middle_of_the_rows_keeps_those_before_it() {
    let source = Source::start();
    block_on(async {
        let sql = "SELECT 1 / (50000 - n) AS v FROM generate_series(1, 60000) AS n";
        let result = source.ask(json!({"rawSql": sql, "format": "table"})).await.unwrap();
        let error = result.collect().await.unwrap_err();
        assert!(error.message().contains("division by zero (22012)"), "{error:?}");
        assert_eq!(source.value("SELECT 7").await, 7);
    });
}
