//! Servers that lie: whatever they answer, rows or an error come of it, in memory that is bounded. In a plugin, a panic or
//! memory that ends is the end of all calls.

use crate::support::{shown, source};
use arrow_array::{ArrayRef, Int8Array, NullArray, RecordBatch, StringArray, StructArray, UnionArray};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, UnionFields};
use proptest::prelude::*;
use serde_json::json;
use std::io::Cursor;
use std::sync::Arc;
use wellhead_frame::JsonOptions;
use wellhead_sdk::Error;
use wellhead_sdk::frame::Frame;
use wellhead_sdk::testing::{self, HttpAnswer, block_on};
use wellhead_test_support::Change;

/// Three rows of thirty types, as a current server writes them; [`TYPES`] are their names.
const EVERY_TYPE: &[u8] = include_bytes!("../fixtures/every_type.arrows");

const TYPES: [&str; 30] = [
    "Int8",
    "UInt16",
    "Int64",
    "Float64",
    "BFloat16",
    "UInt256",
    "Decimal(18, 2)",
    "UInt8",
    "String",
    "FixedString(4)",
    "Enum8('a' = 0, 'b' = 1)",
    "UUID",
    "IPv4",
    "IPv6",
    "DateTime('UTC')",
    "DateTime64(9, 'UTC')",
    "Date",
    "Date32",
    "Nullable(Nothing)",
    "Nullable(UInt8)",
    "Array(UInt64)",
    "Array(Array(IPv4))",
    "Map(String, UInt64)",
    "Tuple(UInt64, String)",
    "Tuple(a UInt8, b String)",
    "Variant(String, UInt8)",
    "Array(Variant(String, UInt64))",
    "JSON",
    "Time",
    "LowCardinality(String)",
];

/// The answer to DESCRIBE.
fn types(types: &[&str]) -> Vec<u8> {
    let rows: Vec<_> = types.iter().map(|name| json!(["c", name])).collect();
    serde_json::to_vec(&json!({"meta": [], "data": rows})).unwrap()
}

/// What becomes of such an answer.
fn read(body: Vec<u8>, types: Vec<u8>) -> Result<Frame, Error> {
    let source = source(1, json!({}));
    testing::answer_http_with(move |request| {
        let answer = match request.body.as_slice() {
            text if text.starts_with(b"DESCRIBE") => types.clone(),
            text if text.starts_with(b"KILL") => b"finished".to_vec(),
            _ => body.clone(),
        };
        Ok(HttpAnswer::new(200, Cursor::new(answer)))
    });
    let model = json!({"rawSql": "SELECT * FROM t", "format": "table"});
    block_on(async { source.ask(model).await?.collect().await }).map(|mut frames| frames.remove(0))
}

/// A stream of one block of one column.
fn stream(column: ArrayRef) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter([("c", column)]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), batch.schema_ref()).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// A server that knows no Arrow, and answers so.
fn read_json(body: String) -> Error {
    let source = source(1, json!({}));
    testing::answer_http_with(move |request| {
        let exception = "Code: 73. DB::Exception: Unknown format ArrowStream. (UNKNOWN_FORMAT)";
        let unknown = request.url.contains("ArrowStream");
        let (status, body) = if unknown { (404, exception) } else { (200, body.as_str()) };
        Ok(HttpAnswer::new(status, Cursor::new(body.to_owned())))
    });
    block_on(source.error(json!({"rawSql": "SELECT * FROM t", "format": "table"})))
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>().prop_map(|index| index.index(1 << 20));
    let edge = prop_oneof![Just(-1), Just(0), Just(1), Just(i64::from(i32::MAX)), Just(i64::MAX), any::<i64>()];
    prop_oneof![
        4 => (at.clone(), 0..8_u8).prop_map(|(at, bit)| Change::Flip { at, bit }),
        3 => (at.clone(), any::<u8>()).prop_map(|(at, value)| Change::Set { at, value }),
        3 => (at.clone(), edge.clone()).prop_map(|(at, value)| Change::Word { at, value: value as i32 }),
        3 => (at.clone(), edge).prop_map(|(at, value)| Change::Long { at, value }),
        1 => (at.clone(), at.clone(), 1..64_usize).prop_map(|(from, to, length)| Change::Copy { from, to, length }),
        1 => at.prop_map(|at| Change::Cut { at }),
    ]
}

#[test]
fn the_stream_of_these_tests_tells_the_truth() {
    let frame = shown(&read(EVERY_TYPE.to_vec(), types(&TYPES)).unwrap());
    let values = frame["data"]["values"].as_array().unwrap();
    assert_eq!(
        (values.len(), &values[10], &values[12]),
        (30, &json!(["a", "b", "a"]), &json!(["1.2.3.4", "1.2.3.4", "1.2.3.4"]))
    );
    assert_eq!((&values[25], &values[27]), (&json!(["x", 1, "x"]), &json!([{"a": 1}, {"a": 1}, {"a": 1}])));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_streams_are_read_or_are_an_error(changes in prop::collection::vec(change(), 1..4)) {
        let mut body = EVERY_TYPE.to_vec();
        for change in &changes {
            change.apply(&mut body);
        }
        match read(body, types(&TYPES)) {
            // Documents may have become invalid, which is the host's to find.
            Ok(frame) => drop(frame.to_json(&JsonOptions::default())),
            // The wall around Arrow's decoder is one only where a panic can be caught.
            Err(error) => prop_assert!(!error.message().contains("gave up"), "{}", error),
        }
    }

    #[test]
    fn other_types_than_those_that_come_are_read_or_are_an_error(
        places in prop::collection::vec(0..TYPES.len(), TYPES.len()),
        kept in 0..TYPES.len(),
    ) {
        let mut described = TYPES;
        for (slot, place) in described.iter_mut().zip(places).skip(kept) {
            *slot = TYPES[place];
        }
        let _ = read(EVERY_TYPE.to_vec(), types(&described));
    }
}

#[test]
fn a_block_that_would_become_too_much_is_an_error() {
    const TOO_MUCH: &str = "the rows of one block would be more than 67108864 bytes";
    let long = "x".repeat(1 << 19);
    let texts = Arc::new(StringArray::from(vec![long.as_str()])) as ArrayRef;
    let members = UnionFields::from_fields([Field::new("String", DataType::Utf8, true)]);
    let union = UnionArray::try_new(members, vec![0; 1_000].into(), Some(vec![0; 1_000].into()), vec![texts]).unwrap();
    let escaped = Arc::new(StringArray::from(vec!["\0".repeat(12 << 20)])) as ArrayRef;
    let tuple = StructArray::from(vec![(Arc::new(Field::new("1", DataType::Utf8, true)), escaped)]);
    let name = format!("Enum8('{long}' = 1)");
    for (case, column, described) in [
        ("a text that many rows name", Arc::new(union) as ArrayRef, "Variant(String)"),
        ("a text that is escaped", Arc::new(tuple), "Tuple(String)"),
        ("a number with a long name", Arc::new(Int8Array::from(vec![1; 1_000])), name.as_str()),
        ("rows of nothing", Arc::new(NullArray::new(20_000_000)), "Nullable(Nothing)"),
    ] {
        let error = read(stream(column), types(&[described])).unwrap_err();
        assert!(error.message().contains(TOO_MUCH) && error.message().contains("max_block_size"), "{case}: {error}");
    }
}

#[test]
fn json_that_would_become_too_much_is_an_error() {
    let columns = vec![r#"{"name":"c","type":"String"}"#; 10_001].join(",");
    let error = read_json(format!(r#"{{"meta":[{columns}],"data":[]}}"#));
    assert!(error.message().contains("has 10001 columns, and 10000 are allowed"), "{error}");
    let error = read_json(format!(r#"{{"meta":[{{"name":"{}"}}],"data":[]}}"#, "x".repeat(16 << 20)));
    assert!(error.message().contains("named in more than 16 MiB: select fewer"), "{error}");
    let error = read_json(format!(r#"{{"meta":[{{"name":"c","type":"String"}}],"data":[["{}"#, "x".repeat(17 << 20)));
    assert!(error.message().contains("a row is longer than 16 MiB"), "{error}");
    for row in ["1,1", ""] {
        let error = read_json(format!(r#"{{"meta":[{{"name":"c","type":"UInt8"}}],"data":[[{row}]]}}"#));
        assert!(error.message().contains("more or fewer values than there are columns"), "{error}");
    }
    let error = read_json(r#"{"meta":[{"name":"c","type":"UInt8"}],"data":[[256]]}"#.to_owned());
    assert!(error.message().contains(r#"column "c" of type UInt8 holds 256"#), "{error}");
}

#[test]
fn an_answer_to_the_plugins_own_question_is_bounded() {
    let error = read(EVERY_TYPE.to_vec(), vec![b' '; 5 << 20]).unwrap_err();
    assert!(error.message().contains("4194304 bytes are allowed"), "{error}");
}
