//! Grafana's JSON, out and in.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use common::{assert_same, assert_same_frame, every_type, series};
use serde_json::{Value, json};
use wellhead_frame::{Field, FieldConfig, Frame, FrameMeta, JsonOptions, RawJson, ReadLimits, Timestamp};

fn written(frame: &Frame) -> Value {
    serde_json::from_slice(&frame.to_json(&JsonOptions::default()).unwrap()).unwrap()
}

fn read(document: &Value) -> Frame {
    Frame::from_json(document.to_string().as_bytes(), &ReadLimits::default()).unwrap()
}

#[test]
fn a_frame_is_written_as_grafana_writes_it() {
    let frame = Frame::builder("n")
        .ref_id("A")
        .meta(FrameMeta::default())
        .column(
            Field::new("t").config(FieldConfig { min: Some(f64::NAN), max: Some(2.0), ..FieldConfig::default() }),
            vec![Timestamp(1_664_901_845_976_775_807), Timestamp(-1), Timestamp(0)],
        )
        .column(Field::new("v").label("a", "b"), vec![Some(f64::NAN), None, Some(5.0)])
        .column(Field::new("w"), vec![f64::INFINITY, f64::NEG_INFINITY, 1e21])
        .column(Field::new("j"), vec![Some(RawJson::from(" {\"a\":1} ")), None, Some(RawJson::default())])
        .build()
        .unwrap();
    let text = String::from_utf8(frame.to_json(&JsonOptions::default()).unwrap()).unwrap();
    insta::assert_snapshot!(text.replace("],", "],\n").replace("},", "},\n"));
}

#[test]
fn every_type_reads_back_as_the_same_frame() {
    let frame = every_type();
    let again = read(&written(&frame));
    assert_same_frame(&again, &frame, "JSON and back");
}

#[test]
fn batches_are_written_as_one_run_of_values() {
    let one = series(10);
    let batches = vec![one.batches()[0].slice(0, 3), one.batches()[0].slice(3, 0), one.batches()[0].slice(3, 7)];
    let three = Frame::try_new(one.schema().clone(), batches).unwrap();
    assert_eq!(written(&three), written(&one));
    let types = every_type();
    let batches = (0..3).map(|row| types.batches()[0].slice(row, 1)).collect();
    let split = Frame::try_new(types.schema().clone(), batches).unwrap();
    assert_eq!(written(&split), written(&types));
}

#[test]
fn values_alone_are_those_of_the_whole_and_have_the_same_bounds() {
    for frame in [every_type(), series(10), Frame::empty("x")] {
        let mut alone = b"before".to_vec();
        frame.write_data_json(&mut alone, &JsonOptions::default()).unwrap();
        let alone: Value = serde_json::from_slice(alone.strip_prefix(b"before").unwrap()).unwrap();
        assert_eq!(alone, json!({"data": written(&frame)["data"]}));
        for narrow in [JsonOptions::default().with_max_bytes(9), JsonOptions::default().with_max_rows(2)] {
            if frame.num_rows() > 2 {
                let mut out = b"before".to_vec();
                frame.write_data_json(&mut out, &narrow).unwrap_err();
                assert_eq!(out, b"before");
            }
        }
    }
}

#[test]
fn no_document_of_a_guest_breaks_the_line() {
    let frame = Frame::builder("a\nb")
        .column(Field::new("j\n").label("k\n", "v\r\n"), vec![RawJson::from("{\n\"a\":\r\n[1,\t\"b c\"]}")])
        .build()
        .unwrap();
    let text = String::from_utf8(frame.to_json(&JsonOptions::default()).unwrap()).unwrap();
    assert!(!text.contains(['\n', '\r']), "{text}");
    assert!(text.ends_with(r#""data":{"values":[[{"a":[1,"b c"]}]]}}"#), "{text}");
}

#[test]
fn a_frame_without_fields_or_rows_is_written_and_read() {
    let nothing = Frame::empty("x").with_ref_id("A");
    assert_eq!(written(&nothing), json!({"schema": {"name": "x", "refId": "A", "fields": []}, "data": {"values": []}}));
    let no_rows = Frame::builder("").column(Field::new("a"), Vec::<f64>::new()).build().unwrap();
    assert_eq!(written(&no_rows)["data"], json!({"values": [[]]}));
    assert_eq!(read(&written(&no_rows)).num_fields(), 1);
    assert_eq!(read(&json!({"schema": {"fields": []}, "data": {"values": []}})).num_fields(), 0);
    assert_eq!(read(&json!({})).num_fields(), 0);
}

#[test]
fn a_document_that_would_escape_its_value_is_an_error() {
    let said: Vec<_> = ["1],[2", "{\"a\":1}}", "{", "\"\n\"", "\u{0}", "1 2", "nul", "\"\\q\""]
        .into_iter()
        .map(|text| {
            let frame =
                Frame::builder("").column(Field::new("j"), vec![RawJson::from("1"), text.into()]).build().unwrap();
            let mut out = b"before".to_vec();
            let error = frame.write_json(&mut out, &JsonOptions::default()).unwrap_err();
            assert_eq!(out, b"before");
            format!("{text:?}: {error}")
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
    let invalid = vec![RawJson(vec![b'"', 0xff, b'"'])];
    let frame = Frame::builder("").column(Field::new("j"), invalid).build().unwrap();
    frame.to_json(&JsonOptions::default()).unwrap_err();
}

#[test]
fn a_deeply_nested_document_is_written_without_a_deep_stack() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let frame = Frame::builder("").column(Field::new("j"), vec![RawJson::from(deep)]).build().unwrap();
    frame.to_json(&JsonOptions::default()).unwrap();
}

#[test]
fn the_bounds_on_rows_and_bytes_are_kept() {
    let frame = series(10_000);
    let rows = frame.to_json(&JsonOptions::default().with_max_rows(9_999)).unwrap_err();
    assert_eq!(
        rows.to_string(),
        "frame exceeds the limit max_rows: 10000 asked, 9999 allowed; make it smaller or raise the limit"
    );
    let exact = frame.to_json(&JsonOptions::default()).unwrap().len();
    frame.to_json(&JsonOptions::default().with_max_bytes(exact)).unwrap();
    for allowed in [0, 10, 1_000, exact - 1] {
        let mut out = vec![1, 2, 3];
        let error = frame.write_json(&mut out, &JsonOptions::default().with_max_bytes(allowed)).unwrap_err();
        assert!(error.is_limit(), "{error}");
        assert_eq!(out, [1, 2, 3]);
    }
    let text = Frame::builder("").column(Field::new("s"), vec!["x".repeat(1 << 20); 100]).build().unwrap();
    let mut out = Vec::new();
    text.write_json(&mut out, &JsonOptions::default().with_max_bytes(3 << 20)).unwrap_err();
    assert!(out.capacity() < 16 << 20, "{}", out.capacity());
}

#[test]
fn keys_may_come_in_any_order_and_numbers_as_strings() {
    let frame = Frame::from_json(
        br#"{"data":{"nanos":[[1,0]],"values":[[1,2.0],["9007199254740993",null]]},
            "schema":{"fields":[{"typeInfo":{"frame":"time.Time"}},
            {"name":"n","type":"number","typeInfo":{"frame":"int64","nullable":true},"labels":null,"config":null}]}}"#,
        &ReadLimits::default(),
    )
    .unwrap();
    let values: Vec<Vec<_>> = frame.fields().map(|field| field.values().collect()).collect();
    assert_eq!(values[0], [Timestamp(1_000_001).into(), Timestamp(2_000_000).into()]);
    assert_eq!(values[1], [Some(9_007_199_254_740_993_i64).into(), None::<i64>.into()]);
}

#[test]
fn no_labels_and_an_empty_set_of_labels_stay_apart() {
    let info = json!({"frame": "int8"});
    let fields = json!([
        {"name": "none", "type": "number", "typeInfo": info},
        {"name": "empty", "type": "number", "typeInfo": info, "labels": {}}
    ]);
    let document = json!({"schema": {"fields": fields}, "data": {"values": [[1], [2]]}});
    assert_eq!(written(&read(&document)), document);
}

#[test]
fn unknown_keys_of_meta_and_config_are_kept() {
    let document = json!({
        "schema": {
            "meta": {
                "type": "heatmap-cells", "typeVersion": [0, 0], "uniqueRowIdFields": [0], "later": {"x": [1]},
                "notices": [{"severity": "info", "text": "t", "more": 1}], "stats": [{"displayName": "d", "value": 1.5, "unit": "s"}]
            },
            "fields": [{
                "name": "a", "type": "number", "typeInfo": {"frame": "float64"},
                "config": {
                    "min": null, "interval": 0.5, "links": [{"title": "l", "internal": {"query": {}}}], "later": [null],
                    "thresholds": {"mode": "absolute", "steps": [{"value": null, "color": "red"}, {"value": 80}]},
                    "mappings": [{"type": "value", "options": {"1": {"text": "up"}}}], "color": {"mode": "fixed"},
                    "type": {"enum": {"text": ["a"], "color": ["b"]}}, "custom": {"width": 1}
                }
            }]
        },
        "data": {"values": [[1]]}
    });
    assert_same(&written(&read(&document)), &document, "through a frame");
}

#[test]
fn what_is_not_a_frame_is_an_error_that_says_why() {
    let schema = |kind: &str| format!(r#"{{"name":"x","typeInfo":{{"frame":"{kind}"}}}}"#);
    let frame = |kind: &str, data: &str| format!(r#"{{"schema":{{"fields":[{}]}},"data":{data}}}"#, schema(kind));
    let two =
        format!(r#"{{"schema":{{"fields":[{},{}]}},"data":{{"values":[[1],[1,2]]}}}}"#, schema("int8"), schema("int8"));
    let documents = [
        String::new(),
        "[]".to_owned(),
        r#"{"schema":{"fields":[{"name":"x"}]}}"#.to_owned(),
        frame("complex128", r#"{"values":[[1]]}"#),
        frame("int8", r#"{"values":[[1],[2]]}"#),
        frame("int8", r#"{"values":[[128]]}"#),
        frame("int64", r#"{"values":[[1.5]]}"#),
        frame("uint64", r#"{"values":[[-1]]}"#),
        frame("float64", r#"{"values":[["x"]]}"#),
        frame("float64", r#"{"values":[[null]]}"#),
        frame("float64", r#"{"values":[[1]],"entities":[{"NaN":[7]}]}"#),
        frame("string", r#"{"values":[[1]]}"#),
        frame("bool", r#"{"values":[["true"]]}"#),
        frame("time.Time", r#"{"values":[[1e300]]}"#),
        frame("int8", r#"{"values":[1]}"#),
        two,
    ];
    let said: Vec<_> = documents
        .iter()
        .map(|document| match Frame::from_json(document.as_bytes(), &ReadLimits::default()) {
            Ok(_) => panic!("{document} reads"),
            Err(error) => error.to_string(),
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
    let many = frame("int8", &format!(r#"{{"values":[[{}1]]}}"#, "1,".repeat(99)));
    let error = Frame::from_json(many.as_bytes(), &ReadLimits::default().with_max_rows(50)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "frame exceeds the limit max_rows: 51 asked, 50 allowed; make it smaller or raise the limit"
    );
}
