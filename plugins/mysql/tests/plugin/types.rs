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
        ("float", "1234567.8", number, "float64", true, json!(1_234_570)),
        ("float NOT NULL", "16777216", number, "float64", true, json!(16_777_200)),
        ("float(10,2)", "1234567.89", number, "float64", true, json!(1_234_567.88)),
        ("double(10,2)", "2.675", number, "float64", true, json!(2.67)),
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
            ("ROUND(CAST(0.1 AS DOUBLE) + 0.2, 2)", "float64", json!(0.3)),
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

#[test]
fn numbers_of_geometries_and_floats_are_those_that_the_server_writes() {
    let source = Source::start();
    let powers = (-323..309).map(|exponent| format!("(1.5e{exponent})"));
    let others = (-20..20).flat_map(|exponent| {
        ["1", "-9.9999999999999999", "1.2345678901234567", "4.503599627370497"]
            .map(|digits| format!("({digits}e{exponent})"))
    });
    let extremes = ["0", "-0e0", "1.7976931348623157e308", "-5e-324", "2.2250738585072014e-308"];
    let numbers: Vec<String> = powers.chain(others).chain(extremes.map(|number| format!("({number})"))).collect();
    source
        .server
        .ask(&format!(
            "CREATE TABLE d (d double); INSERT INTO d VALUES {};
             CREATE TABLE g AS SELECT POINT(d, d / 3) AS g FROM d UNION ALL SELECT POINT(d, POW(10, 40 * RAND(1) - 20)) FROM d;
             CREATE TABLE f (f float, g float(9, 3), h double(12, 4));
             INSERT INTO f SELECT RAND(2) * POW(10, CAST(seq AS SIGNED) % 70 - 35), RAND(3) * 100000, RAND(4) * 10000000 FROM seq_1_to_5000",
            numbers.join(", ")
        ))
        .unwrap();
    block_on(async {
        let frame = source.table("SELECT g, ST_AsText(g) AS text FROM g").await.unwrap();
        let [shown, written] = [0, 1].map(|column| frame["data"]["values"][column].as_array().unwrap());
        assert!(shown.len() > 1_500);
        for (shown, written) in shown.iter().zip(written) {
            assert_eq!(shown, written);
        }
        let frame =
            source.table("SELECT f, g, h, CONCAT(f) AS tf, CONCAT(g) AS tg, CONCAT(h) AS th FROM f").await.unwrap();
        let column = |at: usize| frame["data"]["values"][at].as_array().unwrap();
        for at in 0..3 {
            for (value, written) in column(at).iter().zip(column(at + 3)) {
                // JSON is read to the last bit but one.
                let (value, written) = (value.as_f64().unwrap(), written.as_str().unwrap().parse::<f64>().unwrap());
                assert!((value - written).abs() <= written.abs() * 1e-15, "{value} {written}");
            }
        }
    });
}
