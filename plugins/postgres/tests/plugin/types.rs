//! Every built-in type, and some that are not, as the server has them and as the frame does.

use crate::support::Source;
use serde_json::{Value, json};
use wellhead_sdk::testing::block_on;

#[test]
fn every_type_comes_as_grafanas_plugin_has_it() {
    let source = Source::start();
    source.server.ask("CREATE EXTENSION IF NOT EXISTS hstore; CREATE EXTENSION IF NOT EXISTS citext").ok();
    source.server.ask("CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TYPE pair AS (a int, b text)").unwrap();
    source.server.ask("CREATE DOMAIN positive AS int CHECK (value > 0)").unwrap();
    let number = "number";
    // The SQL of a value, the frame's type, the value.
    let cases: &[(&str, &str, &str, Value)] = &[
        ("true", "boolean", "bool", json!(true)),
        ("(-32768)::int2", number, "int16", json!(-32_768)),
        ("2147483647::int4", number, "int32", json!(2_147_483_647)),
        ("(-9223372036854775808)::int8", number, "int64", json!(i64::MIN)),
        ("0.1::float4", number, "float64", json!(0.1)),
        ("0.1::float8", number, "float64", json!(0.1)),
        ("1e-7::numeric", number, "float64", json!(1e-7)),
        ("1234567.89::numeric", number, "float64", json!(1_234_567.89)),
        ("3::positive", number, "int32", json!(3)),
        ("'a'::text", "string", "string", json!("a")),
        ("'a'::varchar(3)", "string", "string", json!("a")),
        ("'a'::char(3)", "string", "string", json!("a  ")),
        ("'a'::name", "string", "string", json!("a")),
        ("'a'::\"char\"", "string", "string", json!("a")),
        ("'🐘'", "string", "string", json!("🐘")),
        ("'happy'::mood", "string", "string", json!("happy")),
        ("'\\x41'::bytea", "string", "string", json!("A")),
        ("'\\xff00'::bytea", "string", "string", json!("\\xff00")),
        ("'{\"b\": [1, 2]}'::json", "other", "json.RawMessage", json!({"b": [1, 2]})),
        ("'{\"b\": [1, 2]}'::jsonb", "other", "json.RawMessage", json!({"b": [1, 2]})),
        ("'2023-11-15 05:06:07.123'::timestamp", "time", "time.Time", json!(1_700_024_767_123_i64)),
        ("'2023-11-15 05:06:07.123+02'::timestamptz", "time", "time.Time", json!(1_700_017_567_123_i64)),
        ("'1969-12-31'::date", "time", "time.Time", json!(-86_400_000)),
        ("'infinity'::timestamptz", "time", "time.Time", Value::Null),
        ("'-infinity'::date", "time", "time.Time", Value::Null),
        ("'9999-12-31'::date", "time", "time.Time", Value::Null),
        ("'12:34:56.234567'::time", "string", "string", json!("12:34:56.234567")),
        ("'23:12:36.765432+1'::timetz", "string", "string", json!("23:12:36.765432+01")),
        ("'1 year 2 mons 987654 microsecond'::interval", "string", "string", json!("1 year 2 mons 00:00:00.987654")),
        ("12.34::money", "string", "string", json!("$12.34")),
        (
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
            "string",
            "string",
            json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ),
        ("'{1,2,NULL}'::int[]", "string", "string", json!("{1,2,NULL}")),
        ("'{\"a b\",c}'::text[]", "string", "string", json!("{\"a b\",c}")),
        ("'10.1.0.0/16'::cidr", "string", "string", json!("10.1.0.0/16")),
        ("'::1'::inet", "string", "string", json!("::1")),
        ("'10.1.2.3/16'::inet", "string", "string", json!("10.1.2.3/16")),
        ("'10.1.2.3'::cidr", "string", "string", json!("10.1.2.3/32")),
        ("'08:00:2b:01:02:03'::macaddr", "string", "string", json!("08:00:2b:01:02:03")),
        ("B'101'", "string", "string", json!("101")),
        ("'101'::varbit", "string", "string", json!("101")),
        ("'(1,2)'::point", "string", "string", json!("(1,2)")),
        ("'<(0,0),1>'::circle", "string", "string", json!("<(0,0),1>")),
        ("'[1,5)'::int4range", "string", "string", json!("[1,5)")),
        ("'{[1,2),[4,5)}'::int4multirange", "string", "string", json!("{[1,2),[4,5)}")),
        ("'a b'::tsvector", "string", "string", json!("'a' 'b'")),
        ("'a & b'::tsquery", "string", "string", json!("'a' & 'b'")),
        ("'<a/>'::xml", "string", "string", json!("<a/>")),
        ("'$.a'::jsonpath", "string", "string", json!("$.\"a\"")),
        ("26::oid", "string", "string", json!("26")),
        ("'pg_class'::regclass", "string", "string", json!("pg_class")),
        ("'16/B374D848'::pg_lsn", "string", "string", json!("16/B374D848")),
        ("'10:20:10'::pg_snapshot", "string", "string", json!("10:20:10")),
        ("ROW(1, 'x')::pair", "string", "string", json!("(1,x)")),
        ("ROW(1, 'x')", "string", "string", json!("(1,x)")),
        ("'=r/postgres'::aclitem", "string", "string", json!("=r/postgres")),
        ("NULL", "string", "string", Value::Null),
        ("NULL::numeric", number, "float64", Value::Null),
    ];
    block_on(async {
        for (sql, tstype, field_type, expected) in cases {
            let frame = source.table(&format!("SELECT {sql} AS v, 1 AS one")).await;
            let frame = frame.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            let field = &frame["schema"]["fields"][0];
            let type_info = json!({"frame": field_type, "nullable": true});
            assert_eq!((&field["type"], &field["typeInfo"]), (&json!(tstype), &type_info), "{sql}");
            assert_eq!(&frame["data"]["values"][0][0], expected, "{sql}");
            assert_eq!(frame["data"]["values"][1][0], 1, "{sql}");
        }
        for (sql, entity) in [("'NaN'::float8", "NaN"), ("'NaN'::numeric", "NaN"), ("'-Infinity'::float4", "NegInf")] {
            let frame = source.table(&format!("SELECT {sql}")).await.unwrap();
            assert_eq!(frame["data"]["entities"][0][entity], json!([0]), "{sql}");
        }
    });
}

#[test]
fn what_only_the_server_can_write_is_written_by_it_whatever_the_statement() {
    let source = Source::start();
    source.server.ask("CREATE TABLE t (id serial, tags int[])").unwrap();
    block_on(async {
        let inserted = source.table("INSERT INTO t (tags) VALUES ('{1}'), ('{2}') RETURNING tags, id -- both").await;
        assert_eq!(inserted.unwrap()["data"]["values"], json!([["{1}", "{2}"], [1, 2]]));
        let with = "WITH w AS (SELECT * FROM t) SELECT tags AS \"a\"\"b\", tags FROM w ORDER BY id DESC;";
        let frame = source.table(with).await.unwrap();
        assert_eq!(frame["data"]["values"], json!([["{2}", "{1}"], ["{2}", "{1}"]]));
        assert_eq!(frame["schema"]["fields"][0]["name"], "a\"b");
        assert_eq!(source.value("SHOW server_encoding").await, "UTF8");
        assert_eq!(source.value("TABLE t").await, 1);
        assert_eq!(source.value("VALUES ('{7}'::int[])").await, "{7}");
    });
}

#[test]
fn text_that_is_none_is_the_servers_error_and_names_may_be_there_twice() {
    let source = Source::start();
    source
        .server
        .ask("CREATE DATABASE raw ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
        .unwrap();
    let raw = Source {
        plugin: crate::support::plugin(&source.server, "postgres", "", json!({"database": "raw"})).unwrap(),
        server: source.server,
    };
    block_on(async {
        let error = raw.error(json!({"rawSql": "SELECT E'a\\xff'", "format": "table"})).await;
        assert!(error.message().contains("invalid byte sequence for encoding \"UTF8\": 0xff"), "{error:?}");
        assert_eq!(raw.value("SELECT '\\xff'::bytea").await, "\\xff");
        let frame = raw.table("SELECT 1 AS a, 2 AS a, 3").await.unwrap();
        let names: Vec<&Value> = frame["schema"]["fields"].as_array().unwrap().iter().map(|f| &f["name"]).collect();
        assert_eq!(names, ["a", "a", "?column?"]);
    });
}
