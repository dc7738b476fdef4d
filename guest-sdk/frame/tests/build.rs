//! Frames from columns and from rows.

mod common;

use std::sync::Arc;

use arrow_array::{ArrayRef, Date32Array, Int32Array};
use common::every_type;
use wellhead_frame::{
    Column, EnumValue, Field, FieldType, Frame, FrameError, FrameMeta, FrameType, RawJson, RowsBuilder, Timestamp,
    Value,
};

#[test]
fn columns_say_type_and_nullability() {
    let frame = every_type();
    let said: Vec<_> = frame.fields().map(|f| format!("{} {} {}", f.name(), f.field_type(), f.nullable())).collect();
    for expected in ["time time.Time false", "time? time.Time true", "enum enum false", "json? json.RawMessage true"] {
        assert!(said.iter().any(|said| said == expected), "{expected} in {said:?}");
    }
    for field_type in FieldType::ALL {
        for nullable in [false, true] {
            assert!(
                frame.fields().any(|f| f.field_type() == field_type && f.nullable() == nullable),
                "{field_type} nullable {nullable}"
            );
        }
        assert_eq!(field_type.as_str().parse(), Ok(field_type));
    }
}

#[test]
fn labels_and_config_and_meta_are_there_again() {
    let frame = every_type();
    assert_eq!((frame.name(), frame.ref_id(), frame.num_rows()), ("every type", "A", 3));
    let labelled = frame.field_named("f64").unwrap();
    assert_eq!(labelled.labels()["host"], "a\"b");
    assert_eq!(frame.field(0).unwrap().config().unwrap().decimals, Some(2));
    assert_eq!(frame.meta().unwrap().type_, Some(FrameType::TimeseriesWide));
    assert_eq!(frame.schema().field(0).metadata()["tstype"], "time");
}

#[test]
fn a_ref_id_can_be_set_on_frame_and_batches() {
    let frame = every_type().with_ref_id("B");
    assert_eq!(frame.ref_id(), "B");
    assert_eq!(frame.schema().metadata()["refId"], "B");
    assert_eq!(frame.batches()[0].schema_ref(), frame.schema());
    assert_eq!(frame.num_rows(), 3);
}

#[test]
fn meta_can_be_replaced_and_removed() {
    let mut frame = every_type();
    frame.set_meta(Some(FrameMeta::of(FrameType::LogLines, [0, 0]))).unwrap();
    assert_eq!(frame.schema().metadata()["meta"], r#"{"type":"log-lines","typeVersion":[0,0]}"#);
    frame.set_meta(None).unwrap();
    assert!(frame.meta().is_none() && !frame.schema().metadata().contains_key("meta"));
}

#[test]
fn a_frame_may_have_no_fields() {
    let frame = Frame::empty("nothing").with_ref_id("A");
    assert_eq!((frame.num_fields(), frame.num_rows(), frame.name()), (0, 0, "nothing"));
    let read = Frame::from_ipc(frame.to_ipc_stream().unwrap(), &Default::default()).unwrap();
    assert_eq!((read.num_fields(), read.name(), read.ref_id()), (0, "nothing", "A"));
}

#[test]
fn columns_collect_from_iterators_and_take_arrow_arrays() {
    let array: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
    let frame = Frame::builder("")
        .column(Field::new("iterator"), (0..2).map(Timestamp::from_millis).collect::<Column>())
        .column(Field::new("array"), array)
        .column(Field::new("nullable"), Column::from(vec![1_u8, 2]).nullable())
        .build()
        .unwrap();
    assert!(frame.field_named("array").unwrap().nullable());
    assert!(frame.field_named("nullable").unwrap().nullable());
}

#[test]
fn rows_become_the_same_frame_as_columns() {
    let fields = vec![
        (Field::new("t"), FieldType::Time, false),
        (Field::new("v").label("a", "b"), FieldType::Float64, true),
        (Field::new("s"), FieldType::String, false),
        (Field::new("e"), FieldType::Enum, false),
        (Field::new("j"), FieldType::Json, true),
    ];
    let mut rows = RowsBuilder::new(fields).name("n").ref_id("A");
    for row in 0..3 {
        let value = if row == 1 { Value::Null } else { (row as f64).into() };
        let json = Some(RawJson::from("[]")).filter(|_| row == 2);
        rows.push(&[Timestamp(row).into(), value, format!("s{row}").into(), EnumValue(7).into(), json.into()]).unwrap();
    }
    let columns = Frame::builder("n")
        .ref_id("A")
        .column(Field::new("t"), vec![Timestamp(0), Timestamp(1), Timestamp(2)])
        .column(Field::new("v").label("a", "b"), vec![Some(0.0), None, Some(2.0)])
        .column(Field::new("s"), vec!["s0", "s1", "s2"])
        .column(Field::new("e"), vec![EnumValue(7); 3])
        .column(Field::new("j"), vec![None, None, Some(RawJson::from("[]"))])
        .build()
        .unwrap();
    let rows = rows.finish().unwrap();
    assert_eq!(rows.schema(), columns.schema());
    assert_eq!(rows.batches(), columns.batches());
}

#[test]
fn a_refused_row_leaves_no_trace() {
    let fields = vec![(Field::new("a"), FieldType::Int64, false), (Field::new("b"), FieldType::Int64, false)];
    let mut rows = RowsBuilder::new(fields);
    rows.push(&[1_i64.into(), 2_i64.into()]).unwrap();
    rows.push(&[3_i64.into(), Value::Null]).unwrap_err();
    rows.push(&[4_i64.into(), 5_i64.into()]).unwrap();
    let frame = rows.finish().unwrap();
    assert_eq!(frame.num_rows(), 2);
    assert_eq!(frame.field(0).unwrap().values().collect::<Vec<_>>(), [1_i64.into(), 4_i64.into()]);
}

#[test]
fn what_does_not_fit_is_an_error_that_names_it() {
    let fields = || vec![(Field::new("n"), FieldType::Int64, false)];
    let push = |row: &[Value]| RowsBuilder::new(fields()).push(row).unwrap_err();
    let mut full = RowsBuilder::new(fields()).max_rows(1);
    full.push(&[1_i64.into()]).unwrap();
    let days: ArrayRef = Arc::new(Date32Array::from(vec![1]));
    let mut nulls = Frame::builder("").column(Field::new("n"), vec![1]).build().unwrap();
    let with_null = Frame::builder("").column(Field::new("n"), vec![None::<i32>]).build().unwrap();
    let errors: Vec<(&str, FrameError)> = vec![
        (
            "rows differ",
            Frame::builder("")
                .column(Field::new("a"), vec![1])
                .column(Field::new("b"), vec![1, 2])
                .build()
                .unwrap_err(),
        ),
        ("a type Grafana has not", Frame::builder("").column(Field::new("d"), days).build().unwrap_err()),
        ("one row too many", full.push(&[2_i64.into()]).unwrap_err()),
        ("wrong type", push(&["text".into()])),
        ("null where none may be", push(&[Value::Null])),
        ("too wide a row", push(&[1_i64.into(), 2_i64.into()])),
        ("batch with nulls", nulls.push_batch(with_null.batches()[0].clone()).unwrap_err()),
    ];
    let errors: Vec<_> = errors.into_iter().map(|(case, error)| format!("{case}: {error}")).collect();
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn timestamps_come_from_every_unit() {
    assert_eq!(Timestamp::from_seconds_f64(1_435_781_430.781), Timestamp::from_millis(1_435_781_430_781));
    assert_eq!(Timestamp::from_seconds_f64(-0.001), Timestamp(-1_000_000));
    assert_eq!(Timestamp::from_seconds_f64(f64::INFINITY), Timestamp(i64::MAX));
    assert_eq!(Timestamp::from_seconds_f64(f64::NAN), Timestamp(0));
    assert_eq!(Timestamp::from_seconds(2), Timestamp::from_micros(2_000_000));
    assert_eq!(Timestamp(-1).millis(), -1);
}
