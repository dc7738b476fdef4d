//! Every type, as the server has it and as the frame does.

use crate::support::Source;
use serde_json::{Value, json};
use wellhead_sdk::testing::block_on;

/// A column's type, the SQL of its value, and of the frame's field: its type in general, in particular, whether it may be
/// null, and the value.
type Case = (&'static str, &'static str, &'static str, &'static str, bool, Value);

fn cases() -> Vec<Case> {
    let (number, text, time, string) = ("number", "string", "time", "string");
    vec![
        ("tinyint", "-128", number, "int64", true, json!(-128)),
        ("tinyint NOT NULL", "127", number, "int64", true, json!(127)),
        ("tinyint unsigned", "255", number, "int64", true, json!(255)),
        ("tinyint unsigned NOT NULL", "255", number, "uint8", false, json!(255)),
        ("boolean", "true", number, "int64", true, json!(1)),
        ("smallint", "-32768", number, "int64", true, json!(-32_768)),
        ("smallint unsigned", "65535", number, "int64", true, json!(65_535)),
        ("smallint unsigned NOT NULL", "65535", number, "uint16", false, json!(65_535)),
        ("mediumint", "-8388608", number, "int64", true, json!(-8_388_608)),
        ("mediumint NOT NULL", "-8388608", number, "int32", false, json!(-8_388_608)),
        ("mediumint unsigned NOT NULL", "16777215", number, "uint32", false, json!(16_777_215)),
        ("int", "-2147483648", number, "int64", true, json!(i32::MIN)),
        ("int unsigned", "4294967295", number, "int64", true, json!(u32::MAX)),
        ("int unsigned NOT NULL", "4294967295", number, "uint32", false, json!(u32::MAX)),
        ("bigint", "-9223372036854775808", number, "int64", true, json!(i64::MIN)),
        ("bigint unsigned", "18446744073709551615", number, "uint64", true, json!(u64::MAX)),
        ("bigint unsigned NOT NULL", "18446744073709551615", number, "uint64", false, json!(u64::MAX)),
        ("float", "0.1", number, "float64", true, json!(0.1)),
        ("double NOT NULL", "0.1", number, "float64", true, json!(0.1)),
        ("decimal(30,10)", "-12345678901234.56789", number, "float64", true, json!(-12_345_678_901_234.568)),
        ("year NOT NULL", "2023", number, "int64", true, json!(2023)),
        ("date", "'1969-12-31'", time, "time.Time", true, json!(-86_400_000)),
        ("datetime(6) NOT NULL", "'2023-11-15 05:06:07.123'", time, "time.Time", true, json!(1_700_024_767_123_i64)),
        ("timestamp(3) NULL", "'2023-11-15 05:06:07.5'", time, "time.Time", true, json!(1_700_024_767_500_i64)),
        ("datetime", "'0000-00-00'", time, "time.Time", true, Value::Null),
        ("date NOT NULL", "'2023-00-15'", time, "time.Time", true, Value::Null),
        ("datetime", "'9999-12-31 23:59:59'", time, "time.Time", true, Value::Null),
        ("time", "'-838:59:59'", text, string, true, json!("-838:59:59")),
        ("time(6)", "'12:44:56.234567'", text, string, true, json!("12:44:56.234567")),
        ("time(3) NOT NULL", "'0'", text, string, false, json!("00:00:00.000")),
        ("char(3)", "'a'", text, string, true, json!("a")),
        ("varchar(9) NOT NULL", "'🐬'", text, string, false, json!("🐬")),
        ("text CHARACTER SET latin1", "'ü'", text, string, true, json!("ü")),
        ("longtext", "'a\0b'", text, string, true, json!("a\0b")),
        ("enum('v1', 'v2') NOT NULL", "'v2'", text, string, false, json!("v2")),
        ("set('a', 'b', 'c')", "'a,c'", text, string, true, json!("a,c")),
        ("json", "'{\"b\": [1, 2]}'", text, string, true, json!("{\"b\": [1, 2]}")),
        ("bit(1) NOT NULL", "b'1'", text, string, true, json!("\u{1}")),
        ("bit(16)", "b'1111111100000000'", text, string, true, json!("0xFF00")),
        ("blob NOT NULL", "x'4142'", text, string, true, json!("AB")),
        ("varbinary(3)", "x'FF00'", text, string, true, json!("0xFF00")),
        (
            "uuid",
            "'123e4567-e89b-12d3-a456-426655440000'",
            text,
            string,
            true,
            json!("123e4567-e89b-12d3-a456-426655440000"),
        ),
        ("inet6", "'::1'", text, string, true, json!("::1")),
        ("point", "PointFromText('POINT(1 -2.5)')", text, string, true, json!("POINT(1 -2.5)")),
        (
            "geometry",
            "GeomFromText('GEOMETRYCOLLECTION(LINESTRING(0 0,1 1),POLYGON((0 0,1 0,1 1,0 0),(0 0,1 0,1 1,0 0)))')",
            text,
            string,
            true,
            json!("GEOMETRYCOLLECTION(LINESTRING(0 0,1 1),POLYGON((0 0,1 0,1 1,0 0),(0 0,1 0,1 1,0 0)))"),
        ),
        ("multipoint", "GeomFromText('MULTIPOINT(1 1,2 2)')", text, string, true, json!("MULTIPOINT((1 1),(2 2))")),
    ]
}

#[test]
fn every_type_comes_as_grafanas_plugin_has_it_prepared_or_not() {
    let source = Source::start();
    let cases = cases();
    let list = |part: &dyn Fn(usize, &Case) -> String| {
        cases.iter().enumerate().map(|(at, case)| part(at, case)).collect::<Vec<_>>().join(", ")
    };
    let columns = list(&|at, case| format!("c{at} {}", case.0));
    let values = list(&|_, case| case.1.replace('\0', "\\0"));
    source
        .server
        .ask(&format!(
            "SET NAMES utf8mb4; SET sql_mode = ''; CREATE TABLE t ({columns}); INSERT INTO t VALUES ({values})"
        ))
        .unwrap();
    // HANDLER is what the server does not prepare.
    block_on(async {
        let binary = source.table("SELECT * FROM t").await.unwrap();
        let text = source.table("HANDLER t OPEN; HANDLER t READ FIRST").await.unwrap();
        for (frame, how) in [(&binary, "binary"), (&text, "text")] {
            for (at, (column, sql, kind, field_type, is_nullable, expected)) in cases.iter().enumerate() {
                let field = &frame["schema"]["fields"][at];
                let type_info = if *is_nullable {
                    json!({"frame": field_type, "nullable": true})
                } else {
                    json!({"frame": field_type})
                };
                assert_eq!((&field["type"], &field["typeInfo"]), (&json!(kind), &type_info), "{how}: {column}");
                assert_eq!(&frame["data"]["values"][at][0], expected, "{how}: {column} {sql}");
            }
        }
    });
}

#[test]
fn what_an_expression_gives_has_a_type_and_nulls_are_null() {
    let source = Source::start();
    block_on(async {
        for (sql, field_type, expected) in [
            ("1", "int64", json!(1)),
            ("1 = 1", "int64", json!(1)),
            ("1.5", "float64", json!(1.5)),
            ("1e300", "float64", json!(1e300)),
            ("NULL", "string", Value::Null),
            ("'a'", "string", json!("a")),
            ("COUNT(*)", "int64", json!(1)),
            ("SUM(1)", "float64", json!(1)),
            ("NOW() > '2000-01-01'", "int64", json!(1)),
            ("CAST('2023-11-15' AS DATE)", "time.Time", json!(1_700_006_400_000_i64)),
            ("UNIX_TIMESTAMP('2023-11-15') DIV 60 * 60", "int64", json!(1_700_006_400_i64)),
            ("CAST(18446744073709551615 AS UNSIGNED)", "uint64", json!(u64::MAX)),
            ("CONCAT(x'FF')", "string", json!("0xFF")),
        ] {
            let frame = source.table(&format!("SELECT {sql} AS v")).await;
            let frame = frame.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            assert_eq!(frame["schema"]["fields"][0]["typeInfo"]["frame"], field_type, "{sql}");
            assert_eq!(frame["data"]["values"][0][0], expected, "{sql}");
        }
        let frame = source.table("SELECT 1 AS a, 2 AS a, NULL AS `a\"b` UNION SELECT NULL, 4, 'x'").await.unwrap();
        assert_eq!(frame["data"]["values"], json!([[1, null], [2, 4], [null, "x"]]));
    });
}
