//! Long to wide and onto a grid, against what Grafana's `LongToWide` and `ResampleWideFrame` do.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]

use proptest::prelude::*;
use wellhead_frame::{
    Field, FillMode, Frame, FrameError, FrameMeta, FrameType, Grid, TimeSeriesKind, Timestamp, Value,
};

fn times(seconds: &[i64]) -> Vec<Timestamp> {
    seconds.iter().copied().map(Timestamp::from_seconds).collect()
}

/// Every field but the first: name, labels, values.
fn series(frame: &Frame) -> Vec<(String, String, Vec<Option<f64>>)> {
    let labels = |labels: &wellhead_frame::Labels| {
        labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
    };
    let number = |value| match value {
        Value::Float64(value) => Some(value),
        Value::Int64(value) => Some(value as f64),
        _ => None,
    };
    let one = |field: wellhead_frame::FieldView<'_>| {
        (field.name().to_owned(), labels(field.labels()), field.values().map(number).collect())
    };
    frame.fields().skip(1).map(one).collect()
}

fn series_of(name: &str, labels: &str, values: &[Option<f64>]) -> (String, String, Vec<Option<f64>>) {
    (name.to_owned(), labels.to_owned(), values.to_vec())
}

fn long() -> Frame {
    Frame::builder("cpu")
        .meta(FrameMeta { executed_query_string: Some("SELECT".to_owned()), ..FrameMeta::default() })
        .column(Field::new("up"), vec![true, false, true, true])
        .column(Field::new("load"), vec![Some(1.0), Some(2.0), None, Some(4.0)])
        .column(Field::new("at"), times(&[1, 1, 2, 4]))
        .column(Field::new("host"), vec![Some("b"), None, Some("b"), Some("a")])
        .column(Field::new("jobs"), vec![10_i64, 20, 30, 40])
        .build()
        .unwrap()
}

#[test]
fn texts_and_bools_become_labels_and_fields_are_sorted_by_name_and_then_by_labels() {
    let wide = long().long_to_wide(FillMode::Null, 100).unwrap();
    assert_eq!(wide.field(0).unwrap().name(), "at");
    assert!(!wide.field(0).unwrap().nullable());
    let meta = wide.meta().unwrap();
    assert_eq!((&meta.type_, meta.type_version), (&Some(FrameType::TimeseriesWide), [0, 1]));
    assert_eq!(meta.executed_query_string.as_deref(), Some("SELECT"));
    assert_eq!(
        series(&wide),
        [
            series_of("jobs", "host=,up=false", &[Some(20.0), None, None]),
            series_of("jobs", "host=a,up=true", &[None, None, Some(40.0)]),
            series_of("jobs", "host=b,up=true", &[Some(10.0), Some(30.0), None]),
            series_of("load", "host=,up=false", &[Some(2.0), None, None]),
            series_of("load", "host=a,up=true", &[None, None, Some(4.0)]),
            series_of("load", "host=b,up=true", &[Some(1.0), None, None]),
        ]
    );
}

#[test]
fn gaps_are_filled_with_what_was_before_or_with_a_number() {
    let wide = long().long_to_wide(FillMode::Previous, 100).unwrap();
    assert_eq!(series(&wide)[2].2, [Some(10.0), Some(30.0), Some(30.0)]);
    assert_eq!(series(&wide)[5].2, [Some(1.0), None, None], "a null that was there goes on, too");
    assert_eq!(series(&wide)[1].2, [None, None, Some(40.0)]);
    let wide = long().long_to_wide(FillMode::Value(7.5), 100).unwrap();
    assert_eq!(series(&wide)[1].2, [Some(7.0), Some(7.0), Some(40.0)]);
    assert_eq!(series(&wide)[5].2, [Some(1.0), None, Some(7.5)]);
}

#[test]
fn the_later_of_two_values_at_a_time_counts() {
    let long = Frame::builder("")
        .column(Field::new("t"), times(&[1, 1]))
        .column(Field::new("s"), vec!["a", "a"])
        .column(Field::new("v"), vec![1.0, 2.0])
        .build()
        .unwrap();
    assert_eq!(series(&long.long_to_wide(FillMode::Null, 1).unwrap()), [series_of("v", "s=a", &[Some(2.0)])]);
}

#[test]
fn batches_are_one_series() {
    let (long, more) = (long(), long());
    let mut both = long.clone();
    let later: Vec<_> = more.into_batches().into_iter().map(|batch| batch.slice(3, 1)).collect();
    both.push_batch(later[0].clone()).unwrap();
    let (one, two) = (long.long_to_wide(FillMode::Null, 100).unwrap(), both.long_to_wide(FillMode::Null, 100).unwrap());
    assert_eq!(series(&one), series(&two));
}

#[test]
fn what_cannot_be_made_wide_says_why() {
    let frame = |seconds: &[i64], values: bool| {
        let frame = Frame::builder("").column(Field::new("t"), times(seconds));
        let frame = frame.column(Field::new("s"), vec!["a"; seconds.len()]);
        if values { frame.column(Field::new("v"), vec![1.0; seconds.len()]) } else { frame }.build().unwrap()
    };
    let fails = |frame: &Frame, cells| frame.long_to_wide(FillMode::Null, cells).unwrap_err();
    assert!(matches!(fails(&frame(&[2, 1], true), 10), FrameError::Unsorted { row: 1, .. }));
    assert!(matches!(fails(&frame(&[1], false), 10), FrameError::NotTimeSeries { .. }));
    assert!(matches!(fails(&frame(&[], true), 10), FrameError::NotTimeSeries { .. }));
    assert!(matches!(fails(&frame(&[1, 2, 3], true), 2), FrameError::Limit { allowed: 2, asked: 3, .. }));
    let nulls = Frame::builder("")
        .column(Field::new("t"), vec![Some(Timestamp(1)), None])
        .column(Field::new("s"), vec!["a", "a"])
        .column(Field::new("v"), vec![1.0, 2.0])
        .build()
        .unwrap();
    assert!(matches!(fails(&nulls, 10), FrameError::NullTime { row: 1, .. }));
    let wide =
        Frame::builder("").column(Field::new("t"), times(&[1])).column(Field::new("v"), vec![1]).build().unwrap();
    assert_eq!(wide.time_series_kind(), TimeSeriesKind::Wide);
    assert!(matches!(fails(&wide, 10), FrameError::NotTimeSeries { found: "a wide time series", .. }));
}

fn on_grid(seconds: &[i64], fill: FillMode) -> Vec<Option<f64>> {
    let values: Vec<_> = seconds.iter().map(|at| *at as f64).collect();
    let frame = Frame::builder("").column(Field::new("t"), times(seconds)).column(Field::new("v"), values);
    let grid = Grid { from: Timestamp::from_seconds(10), to: Timestamp::from_seconds(59), step: 10_000_000_000 };
    let resampled = frame.build().unwrap().resampled(grid, fill, 5).unwrap();
    let expected: Vec<_> = times(&[10, 20, 30, 40, 50]).into_iter().map(Value::Time).collect();
    assert_eq!(resampled.field(0).unwrap().values().collect::<Vec<_>>(), expected);
    series(&resampled)[0].2.clone()
}

#[test]
fn a_point_of_the_grid_has_the_last_row_of_the_step_before_it() {
    let rows = [12, 15, 20, 21, 49, 55];
    assert_eq!(on_grid(&rows, FillMode::Null), [None, Some(20.0), Some(21.0), None, Some(49.0)]);
    assert_eq!(on_grid(&rows, FillMode::Previous), [None, Some(20.0), Some(21.0), Some(21.0), Some(49.0)]);
    assert_eq!(on_grid(&rows, FillMode::Value(0.0)), [Some(0.0), Some(20.0), Some(21.0), Some(0.0), Some(49.0)]);
    assert_eq!(on_grid(&[-50], FillMode::Previous), [Some(-50.0); 5], "what was before the grid goes on");
    assert_eq!(on_grid(&[], FillMode::Previous), [None; 5]);
}

#[test]
fn a_grid_that_is_too_long_is_refused_before_it_is_made() {
    let frame =
        Frame::builder("").column(Field::new("t"), times(&[1])).column(Field::new("v"), vec![1]).build().unwrap();
    let grid = Grid { from: Timestamp(i64::MIN), to: Timestamp(i64::MAX), step: 0 };
    let error = frame.resampled(grid, FillMode::Null, 1_000).unwrap_err();
    assert!(error.is_limit(), "{error}");
    assert!(Grid { from: Timestamp(1), to: Timestamp(0), step: 1 }.is_empty());
}

proptest! {
    #[test]
    fn a_wide_frame_has_every_time_once_and_every_last_value(
        mut rows in prop::collection::vec((0..20_i64, 0..4_u8, any::<i32>()), 1..60),
    ) {
        rows.sort_by_key(|row| row.0);
        let long = Frame::builder("")
            .column(Field::new("t"), rows.iter().map(|row| Timestamp(row.0)).collect::<Vec<_>>())
            .column(Field::new("s"), rows.iter().map(|row| row.1.to_string()).collect::<Vec<_>>())
            .column(Field::new("v"), rows.iter().map(|row| f64::from(row.2)).collect::<Vec<_>>())
            .build()
            .unwrap();
        let wide = long.long_to_wide(FillMode::Null, 1_000).unwrap();
        let at: std::collections::BTreeSet<_> = rows.iter().map(|row| row.0).collect();
        prop_assert_eq!(wide.num_rows(), at.len());
        for (_, label, values) in series(&wide) {
            for (time, value) in at.iter().zip(values) {
                let last = rows.iter().rev().find(|row| row.0 == *time && label == format!("s={}", row.1));
                prop_assert_eq!(value, last.map(|row| f64::from(row.2)));
            }
        }
    }
}
