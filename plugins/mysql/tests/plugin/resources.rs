//! What a query editor asks for.

use crate::stand_in::{OK, listen};
use crate::support::{Source, at};
use serde_json::{Value, json};
use wellhead_sdk::testing::block_on;
use wellhead_sdk::{Error, RequestContext, ResourceRequest, Resources};
use wellhead_test_sql::BUDGET;

#[test]
fn databases_tables_columns_and_functions_are_listed() {
    let source = Source::start();
    source
        .server
        .ask(
            "CREATE DATABASE `it's`; CREATE TABLE `it's`.t (a int NOT NULL, b decimal(7, 2));
             CREATE VIEW v AS SELECT 1 AS one; CREATE FUNCTION `it's`.f(x int) RETURNS varchar(9) DETERMINISTIC RETURN 'y'",
        )
        .unwrap();
    block_on(async {
        let get = async |path: &str, query: &str| source.resource("GET", path, query, &Value::Null).await.unwrap();
        let databases = get("databases", "").await;
        assert!(databases.as_array().unwrap().contains(&json!({"name": "it's"})), "{databases}");
        assert_eq!(get("tables", "").await, json!([{"database": "test", "name": "v", "type": "view"}]));
        let tables = json!([{"database": "it's", "name": "t", "type": "base table"}]);
        assert_eq!(get("tables", "database=it%27s").await, tables);
        let columns = json!([
            {"name": "a", "type": "int(11)", "nullable": false},
            {"name": "b", "type": "decimal(7,2)", "nullable": true},
        ]);
        assert_eq!(get("columns", "database=it%27s&table=t").await, columns);
        let functions = json!([{"database": "it's", "name": "f", "result": "varchar(9)"}]);
        assert_eq!(get("functions", "database=it%27s").await, functions);
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
        assert!(plan["query_block"].is_object(), "{plan}");
        assert_eq!(source.server.ask("SELECT count(*) FROM t").unwrap(), "0");
        assert!(explain("SELECT 1; DROP TABLE t").await.unwrap_err().message().contains("one statement"));
        assert!(explain("SELEC 1").await.unwrap_err().message().contains("SELEC"));
    });
}

#[test]
fn a_list_ends_whatever_the_server_sends() {
    let ask = |row: &'static [u8]| {
        let port = listen(move |mut client| {
            client.greet("mysql_native_password")?;
            client.receive()?;
            client.send(OK)?;
            client.serve(|command, client| {
                if command.first() == Some(&0x16) {
                    return client.send(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                }
                client.send(&[1])?;
                client.send(b"\x03def\0\0\0\x04name\0\x0c\xe0\0\0\0\0\0\xfd\0\0\0\0\0")?;
                loop {
                    client.send(row)?;
                }
            })
        });
        let plugin = at(port, "who", "secret", json!({})).unwrap();
        let request = ResourceRequest {
            method: "GET".parse().unwrap(),
            path: "databases".to_owned(),
            query: String::new(),
            headers: Default::default(),
            body: Vec::new().into(),
        };
        block_on(async {
            let response = plugin.call_resource(&RequestContext::new(1, BUDGET), request).await?;
            let body = response.body.collect(16 << 20).await?;
            Ok::<Value, Error>(serde_json::from_slice(&body).unwrap())
        })
    };
    assert_eq!(ask(b"\0\0\x01a").unwrap().as_array().unwrap().len(), 10_000);
    let long: &'static [u8] = [b"\0\0\xfd\0\0\x10".as_slice(), &[b'x'; 1 << 20]].concat().leak();
    let error = ask(long).unwrap_err();
    assert!(error.message().contains("more than 8 MiB, which is the most"), "{error:?}");
}
