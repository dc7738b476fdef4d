//! Arrow types that Grafana refuses, as another writer writes them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use common::{assert_same, assert_same_frame, fixture};
use serde_json::{Value as Json, json};
use wellhead_frame::{Frame, ReadLimits, Value};

/// A value as the fixture's generator says it: times in nanoseconds, documents as what they hold.
fn said(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int8(value) => json!(value),
        Value::Int32(value) => json!(value),
        Value::Int64(value) => json!(value),
        Value::Float32(value) => json!(value),
        Value::Float64(value) => json!(value),
        Value::String(value) => json!(value),
        Value::Time(value) => json!(value.nanos()),
        Value::Json(value) => serde_json::from_slice(value.as_bytes()).unwrap(),
        other => panic!("{other:?} is not in the fixture"),
    }
}

#[test]
fn each_type_becomes_what_its_writer_meant() {
    let expected: Json = serde_json::from_slice(&fixture("casts.json")).unwrap();
    for name in ["casts.arrows", "casts.arrow"] {
        let frame = Frame::from_ipc(fixture(name), &ReadLimits::default()).unwrap();
        let found: Json = frame
            .fields()
            .map(|field| {
                let values: Vec<_> = field.values().map(|value| said(&value)).collect();
                json!({"name": field.name(), "frame": field.field_type().as_str(), "values": values})
            })
            .collect();
        assert_same(&found, &expected, name);
    }
}

#[test]
fn counts_of_time_get_their_unit() {
    let frame = Frame::from_ipc(fixture("casts.arrows"), &ReadLimits::default()).unwrap();
    let unit = |name: &str| frame.field_named(name).unwrap().config().and_then(|config| config.unit.clone());
    assert_eq!(unit("duration").as_deref(), Some("ms"));
    assert_eq!(unit("time32").as_deref(), Some("s"));
    assert_eq!(unit("time64").as_deref(), Some("µs"));
    assert_eq!(unit("decimal128"), None);
}

#[test]
fn a_dictionary_that_is_replaced_holds_for_the_batches_after_it() {
    let frame = Frame::from_ipc(fixture("dictionary_replaced.arrows"), &ReadLimits::default()).unwrap();
    let values: Vec<_> = frame.field(0).unwrap().values().collect();
    assert_eq!(values, ["a".into(), "a".into(), "b".into()]);
}

#[test]
fn a_cast_frame_is_an_ordinary_frame() {
    let frame = Frame::from_ipc(fixture("casts.arrows"), &ReadLimits::default()).unwrap();
    let again = Frame::from_ipc(frame.to_ipc_file().unwrap(), &ReadLimits::default()).unwrap();
    assert_same_frame(&again, &frame, "written and read");
    let canonical = Frame::canonical(frame.schema(), frame.batches(), &ReadLimits::default()).unwrap();
    assert_same_frame(&canonical, &frame, "cast twice");
}
