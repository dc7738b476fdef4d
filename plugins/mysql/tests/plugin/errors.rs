//! What is wrong with a query, in the server's words, with the place.

use crate::support::Source;
use serde_json::json;
use wellhead_sdk::ErrorSource;
use wellhead_sdk::testing::block_on;

#[test]
fn an_error_has_the_servers_message_code_place_and_status() {
    let source = Source::start();
    block_on(async {
        for (sql, status, expected) in [
            ("SELECT now() AS time;\n  SELEC 2", 400, "(1064, 42000) at line 2, column 3"),
            ("SELECT\n  'ü' FORM t", 400, "(1064, 42000) at line 2, column 12"),
            ("SELECT *\n  FROM nowhere", 400, "Table 'test.nowhere' doesn't exist (1146, 42S02)"),
            ("SELECT nothing", 400, "Unknown column 'nothing' in 'SELECT' (1054, 42S22)"),
            ("SELECT (SELECT 1 UNION SELECT 2)", 400, "Subquery returns more than 1 row (1242, 21000)"),
            ("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'", 400, "no (1644, 45000)"),
            ("SELECT $__timeFilter()", 400, "$__timeFilter"),
            ("SELECT $__nothing(a)", 400, "$__nothing"),
            ("SELECT 'a' AS a", 400, "time column"),
            ("SELECT user()", 400, "USER() is not allowed"),
            ("SHOW GRANTS", 400, "SHOW GRANTS is not allowed"),
            ("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t", 400, "(1"),
        ] {
            let error = source.error(json!({"rawSql": sql})).await;
            let message = error.message().to_lowercase();
            assert!(message.contains(&expected.to_lowercase()), "{sql}: {error:?}");
            assert_eq!((error.status(), error.error_source()), (status, ErrorSource::Downstream), "{sql}");
        }
        let hidden = json!({"rawSql": "SELECT $__column", "column": "CURRENT_USER", "format": "table"});
        let error = source.error(hidden).await;
        assert!(error.message().contains("CURRENT_USER is not allowed"), "{error:?}");
        assert_eq!(source.value("SELECT 7").await, 7);
    });
}

#[test]
fn an_error_in_the_middle_of_the_rows_keeps_the_session_in_step() {
    let source = Source::start();
    block_on(async {
        let sql = "SELECT IF(seq = 50000, (SELECT 1 UNION SELECT seq), seq) AS v FROM seq_1_to_60000";
        let result = source.ask(json!({"rawSql": sql, "format": "table"})).await.unwrap();
        let error = result.collect().await.unwrap_err();
        assert!(error.message().contains("more than 1 row (1242"), "{error:?}");
        assert_eq!(source.value("SELECT 7").await, 7);
    });
}
