//! What a query editor asks for.

use crate::support::Source;
use serde_json::{Value, json};
use wellhead_sdk::testing::block_on;

#[test]
fn schemas_tables_columns_and_functions_are_listed() {
    let source = Source::start();
    source
        .server
        .ask(
            "CREATE SCHEMA \"it's\"; CREATE TABLE \"it's\".t (a int NOT NULL, b numeric(7, 2)[]);
             CREATE VIEW v AS SELECT 1 AS one; CREATE FUNCTION \"it's\".f(x int) RETURNS text LANGUAGE sql AS 'SELECT 1'",
        )
        .unwrap();
    block_on(async {
        let get = async |path: &str, query: &str| source.resource("GET", path, query, &Value::Null).await.unwrap();
        let expected =
            json!([{"name": "it's"}, {"name": "public"}, {"name": "information_schema"}, {"name": "pg_catalog"}]);
        assert_eq!(get("schemas", "").await, expected);
        assert_eq!(get("tables", "").await, json!([{"schema": "public", "name": "v", "type": "view"}]));
        let tables = json!([{"schema": "it's", "name": "t", "type": "base table"}]);
        assert_eq!(get("tables", "schema=it%27s").await, tables);
        let columns = json!([
            {"name": "a", "type": "integer", "nullable": false},
            {"name": "b", "type": "numeric(7,2)[]", "nullable": true},
        ]);
        assert_eq!(get("columns", "schema=it%27s&table=t").await, columns);
        let functions = json!([{"schema": "it's", "name": "f", "arguments": "x integer", "result": "text"}]);
        assert_eq!(get("functions", "schema=it%27s").await, functions);
        let error = source.resource("GET", "columns", "", &Value::Null).await.unwrap_err();
        assert!(error.message().contains("?table=NAME") && error.status() == 400, "{error:?}");
    });
}

#[test]
fn a_query_is_explained_and_not_run() {
    let source = Source::start();
    source.server.ask("CREATE TABLE t (a int)").unwrap();
    block_on(async {
        let explain = async |sql: &str| source.resource("POST", "explain", "", &json!({"rawSql": sql})).await;
        let plan = explain("INSERT INTO t VALUES (1)").await.unwrap();
        assert!(plan[0]["Plan"]["Total Cost"].is_number(), "{plan}");
        assert_eq!(source.server.ask("SELECT count(*) FROM t").unwrap(), "0");
        assert!(explain("SELECT 1; DROP TABLE t").await.unwrap_err().message().contains("one statement"));
        assert!(explain("SELEC 1").await.unwrap_err().message().contains("syntax error"));
    });
}
