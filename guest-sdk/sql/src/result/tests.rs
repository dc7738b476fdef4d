//! Rows to frames as Grafana's plugins make them, and its golden frames where this machine has them.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray, TimestampNanosecondArray,
};
use arrow_schema::{Field as ArrowField, Schema};
use futures::stream;
use wellhead_sdk::frame::{FieldType, FillMode, FrameType, Timestamp, Value};
use wellhead_sdk::testing::block_on;

use super::*;

const POSTGRES: Dialect = Dialect::postgres();

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields = columns.iter().map(|(name, column)| ArrowField::new(*name, column.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, columns.into_iter().map(|(_, column)| column).collect()).unwrap()
}

fn seconds(seconds: &[i64]) -> ArrayRef {
    Arc::new(TimestampNanosecondArray::from_iter_values(seconds.iter().map(|at| at * 1_000_000_000)))
}

fn texts(texts: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(texts.to_vec()))
}

fn floats(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn options(format: Format) -> AnswerOptions {
    AnswerOptions::new(POSTGRES, format, "SELECT * FROM tbl")
}

fn run(options: AnswerOptions, batches: Vec<RecordBatch>) -> Result<Vec<Frame>, Error> {
    let schema = batches[0].schema();
    block_on(async { answer(options, schema, stream::iter(batches.into_iter().map(Ok))).await.collect().await })
}

fn one(options: AnswerOptions, columns: Vec<(&str, ArrayRef)>) -> Frame {
    let mut frames = run(options, vec![batch(columns)]).unwrap();
    assert_eq!(frames.len(), 1);
    frames.remove(0)
}

fn names(frame: &Frame) -> Vec<&str> {
    frame.fields().map(|field| field.name()).collect()
}

fn numbers(frame: &Frame, place: usize) -> Vec<Option<f64>> {
    let number = |value| match value {
        Value::Float64(value) => Some(value),
        Value::Time(at) => Some(at.millis() as f64),
        _ => None,
    };
    frame.field(place).unwrap().values().map(number).collect()
}

#[test]
fn a_table_is_its_columns_with_what_was_executed() {
    let columns = vec![("i", Arc::new(Int32Array::from(vec![Some(1), None])) as ArrayRef), ("i", texts(&["a", "b"]))];
    let frame = one(options(Format::Table), columns);
    assert_eq!(names(&frame), ["i", "i"]);
    assert_eq!(frame.field(0).unwrap().field_type(), FieldType::Int32);
    let meta = frame.meta().unwrap();
    assert_eq!(meta.executed_query_string.as_deref(), Some("SELECT * FROM tbl"));
    assert_eq!((&meta.type_, meta.type_version, meta.notices.len()), (&None, [0, 0], 0));
}

#[test]
fn the_time_and_the_end_of_a_table_become_times() {
    let columns = || vec![("time", ints(&[1_700_000_000])), ("timeEnd", ints(&[1_700_000_000_500])), ("t", ints(&[5]))];
    let frame = one(options(Format::Table), columns());
    let types: Vec<_> = frame.fields().map(|field| field.field_type()).collect();
    assert_eq!(types, [FieldType::Time, FieldType::Time, FieldType::Int64]);
    assert_eq!(numbers(&frame, 1), [Some(1_700_000_000_500.0)]);
    let logs = one(options(Format::Logs), columns());
    assert_eq!(logs.meta().unwrap().preferred_visualisation_type.as_deref(), Some("logs"));
    let mysql = AnswerOptions { dialect: Dialect::mysql(), ..options(Format::Table) };
    let frame = one(mysql, vec![("time_sec", ints(&[1_700_000_000]))]);
    assert_eq!(frame.field(0).unwrap().field_type(), FieldType::Time);
}

#[test]
fn a_long_series_becomes_wide_and_its_values_numbers() {
    let columns = vec![
        ("v", ints(&[1, 2, 3])),
        ("time", ints(&[1_700_000_000, 1_700_000_000, 1_700_000_060])),
        ("host", texts(&["b", "a", "a"])),
        ("up", Arc::new(BooleanArray::from(vec![true, false, true])) as ArrayRef),
    ];
    let frame = one(options(Format::TimeSeries), columns);
    assert_eq!(names(&frame), ["Time", "up", "up", "v", "v"]);
    assert_eq!(frame.field(3).unwrap().labels()["host"], "a");
    assert_eq!(numbers(&frame, 3), [Some(2.0), Some(3.0)]);
    assert_eq!(numbers(&frame, 4), [Some(1.0), None]);
    let meta = frame.meta().unwrap();
    assert_eq!((&meta.type_, meta.type_version), (&Some(FrameType::TimeseriesWide), [0, 1]));
    assert_eq!(meta.executed_query_string.as_deref(), Some("SELECT * FROM tbl"));
}

#[test]
fn a_series_of_time_value_and_metric_is_named_by_the_metric() {
    let columns = || vec![("time", seconds(&[1, 1])), ("metric", texts(&["b", "a"])), ("value", floats(&[1.0, 2.0]))];
    let frame = one(options(Format::TimeSeries), columns());
    assert_eq!(names(&frame), ["Time", "a", "b"]);
    assert!(frame.fields().all(|field| field.labels().is_empty()));
    let clickhouse =
        AnswerOptions { dialect: Dialect::ClickHouse, ref_id: "A".to_owned(), ..options(Format::TimeSeries) };
    let frame = one(clickhouse, columns());
    assert_eq!((frame.name(), names(&frame)), ("A", vec!["time", "value", "value"]));
}

#[test]
fn a_wide_series_stays_as_it_is() {
    let frame = one(options(Format::TimeSeries), vec![("v", ints(&[1, 2])), ("time", seconds(&[2, 1]))]);
    assert_eq!(names(&frame), ["v", "Time"]);
    assert_eq!((numbers(&frame, 0), frame.meta().unwrap().type_.clone()), (vec![Some(1.0), Some(2.0)], None));
}

#[test]
fn of_two_time_columns_the_last_counts() {
    let frame = one(options(Format::TimeSeries), vec![("time", seconds(&[1])), ("time", seconds(&[2]))]);
    assert_eq!(names(&frame), ["time", "Time"]);
    assert_eq!((numbers(&frame, 0), numbers(&frame, 1)), (vec![Some(1_000.0)], vec![Some(2_000.0)]));
}

#[test]
fn what_makes_no_series_is_a_bad_request_that_says_why() {
    let fails = |columns| {
        let error = run(options(Format::TimeSeries), vec![batch(columns)]).unwrap_err();
        assert_eq!((error.status(), error.error_source()), (400, ErrorSource::Downstream));
        error.message().to_owned()
    };
    assert!(fails(vec![("t", seconds(&[1])), ("v", ints(&[1]))]).contains("db has no time column"));
    let long = |times| vec![("time", times), ("s", texts(&["a", "b"])), ("v", ints(&[1, 2]))];
    assert!(fails(long(seconds(&[2, 1]))).contains("sort the rows by time"));
    let nulls: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![Some(1), None]));
    assert!(fails(long(nulls)).contains("the time is null"));
    assert!(fails(vec![("time", texts(&["soon"])), ("v", ints(&[1]))]).contains("column `time` holds neither times"));
}

#[test]
fn an_answer_without_rows_is_a_frame_without_fields() {
    let empty = batch(vec![("v", ints(&[]))]);
    for format in [Format::Table, Format::TimeSeries] {
        let frames = run(options(format), vec![empty.clone(), empty.clone()]).unwrap();
        assert_eq!((frames.len(), frames[0].num_fields()), (1, 0));
        assert_eq!(frames[0].meta().unwrap().executed_query_string.as_deref(), Some("SELECT * FROM tbl"));
    }
    let clickhouse = AnswerOptions { dialect: Dialect::ClickHouse, ..options(Format::Table) };
    assert_eq!(run(clickhouse, vec![empty]).unwrap()[0].num_fields(), 1);
}

#[test]
fn a_failure_comes_with_what_was_executed() {
    let rows = stream::iter([Err(Error::downstream("gone"))]);
    let result = block_on(answer(options(Format::Table), Arc::new(Schema::empty()), rows));
    assert_eq!(result.error().map(Error::message), Some("gone"));
}

/// So many batches of a thousand rows; the counter says how many were asked for, the flag that the source is dropped.
fn thousands(count: usize) -> (impl Stream<Item = Result<RecordBatch, Error>>, Rc<Cell<usize>>, Rc<()>) {
    let (asked, alive) = (Rc::new(Cell::new(0)), Rc::new(()));
    let (counter, guard) = (asked.clone(), alive.clone());
    let rows = (0..count).map(move |n| {
        let _ = &guard;
        counter.set(n + 1);
        Ok(batch(vec![("n", ints(&vec![n as i64; 1_000]))]))
    });
    (stream::iter(rows), asked, alive)
}

fn thousand_schema() -> SchemaRef {
    batch(vec![("n", ints(&[]))]).schema()
}

#[test]
fn a_large_table_leaves_while_its_rows_come() {
    let (rows, asked, _) = thousands(10_000);
    let result =
        block_on(answer(AnswerOptions { row_limit: usize::MAX, ..options(Format::Table) }, thousand_schema(), rows));
    assert!(asked.get() <= 11, "{} batches were read before anybody wanted them", asked.get());
    let frames = block_on(result.collect()).unwrap();
    assert_eq!((frames.len(), frames[0].num_rows()), (1, 10_000_000));
}

#[test]
fn a_row_limit_cuts_says_so_and_ends_the_query() {
    const TEXT: &str = "Results have been limited to 1500 because the SQL row limit was reached";
    for format in [Format::Table, Format::Logs] {
        let (rows, asked, alive) = thousands(100);
        let options = AnswerOptions { row_limit: 1_500, ..options(format) };
        let result = block_on(answer(options, thousand_schema(), rows));
        assert_eq!((asked.get(), Rc::strong_count(&alive)), (2, 1));
        let frames = block_on(result.collect()).unwrap();
        assert_eq!((frames.len(), frames[0].num_rows()), (1, 1_500));
        assert_eq!(frames[0].meta().unwrap().notices[0].text, TEXT);
    }
    let exact = AnswerOptions { row_limit: 2_000, ..options(Format::Table) };
    let frames = block_on(async { answer(exact, thousand_schema(), thousands(2).0).await.collect().await }).unwrap();
    assert!(frames[0].meta().unwrap().notices.is_empty());
}

#[test]
fn a_row_limit_that_is_reached_late_says_so_in_a_frame_of_its_own() {
    let limited = AnswerOptions { row_limit: 20_500, ..options(Format::Table) };
    let (rows, _, alive) = thousands(100);
    let frames = block_on(async { answer(limited, thousand_schema(), rows).await.collect().await }).unwrap();
    assert_eq!((frames.len(), frames[0].num_rows(), frames[1].num_fields()), (2, 20_500, 0));
    assert!(frames[1].meta().unwrap().notices[0].text.contains("limited to 20500"));
    assert_eq!(Rc::strong_count(&alive), 1);
    let all =
        block_on(async { answer(options(Format::Table), thousand_schema(), thousands(20).0).await.collect().await });
    assert_eq!(all.unwrap().len(), 1);
}

fn with_fill(mode: FillMode, row_limit: usize) -> Frame {
    let time_range = TimeRange { from: Timestamp::from_seconds(605), to: Timestamp::from_seconds(1_500) };
    let fill = Some(Fill { period: Duration::from_secs(300), mode });
    let options = AnswerOptions { fill, time_range, row_limit, ..options(Format::TimeSeries) };
    one(options, vec![("time", seconds(&[600, 1_200])), ("metric", texts(&["a", "a"])), ("v", floats(&[1.0, 2.0]))])
}

#[test]
fn gaps_of_a_group_are_filled_over_the_time_range() {
    let frame = with_fill(FillMode::Null, 100);
    assert_eq!(numbers(&frame, 0), [600_000.0, 900_000.0, 1_200_000.0, 1_500_000.0].map(Some));
    assert_eq!((names(&frame), numbers(&frame, 1)), (vec!["Time", "a"], vec![Some(1.0), None, Some(2.0), None]));
    assert_eq!(numbers(&with_fill(FillMode::Previous, 100), 1), [1.0, 1.0, 2.0, 2.0].map(Some));
    assert_eq!(numbers(&with_fill(FillMode::Value(0.0), 100), 1), [1.0, 0.0, 2.0, 0.0].map(Some));
    let skipped = with_fill(FillMode::Null, 2);
    assert_eq!(skipped.num_rows(), 2);
    assert!(skipped.meta().unwrap().notices[0].text.starts_with("Fill operation skipped"));
}

#[test]
fn five_thousand_columns_are_five_thousand_fields() {
    let names: Vec<_> = (0..5_000).map(|n| format!("c{n}")).collect();
    let columns = names.iter().map(|name| (name.as_str(), ints(&[1]))).collect();
    assert_eq!(one(options(Format::Table), columns).num_fields(), 5_000);
}
