//! The frames of a channel, one after the other: Grafana's columns, filled by a walk.

use std::time::Duration;

use wellhead_sdk::prelude::*;

use super::options::Options;
use crate::rng::Rng;

/// How far the bounds of a walk are from it, at most; Grafana's.
const SPREAD: f64 = 50.0;

/// What the frames of a channel look like.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// `Time`, and `Value`, `Min` and `Max` a series.
    Walk(Options),
    /// `labels`, `Time`, `Value`: long form, two rows.
    Labeled,
}

impl Shape {
    /// The fields alone.
    pub(super) fn no_rows(&self) -> Result<Frame, Error> {
        match self {
            Self::Walk(options) => Walk::new(options.clone(), 0).frame(&[]),
            Self::Labeled => labeled(&[], &[], &[]),
        }
    }
}

/// One or several walks that go on from frame to frame.
#[derive(Debug)]
pub(super) struct Walk {
    options: Options,
    series: Vec<Series>,
}

#[derive(Debug)]
struct Series {
    rng: Rng,
    walker: f64,
}

/// A walk at one time.
pub(super) struct Row {
    pub(super) value: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Series {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        Self { walker: rng.unit() * 100.0, rng }
    }

    fn step(&mut self) -> f64 {
        self.walker += self.rng.unit() - 0.5;
        self.walker
    }

    fn row(&mut self) -> Row {
        let value = self.step();
        let mut off = || self.rng.unit() * SPREAD + 0.01;
        Row { value, min: value - off(), max: value + off() }
    }
}

impl Walk {
    pub(super) fn new(options: Options, seed: u64) -> Self {
        let series = (0..options.series()).map(|index| Series::new(seed.wrapping_add(index.into()))).collect();
        Self { options, series }
    }

    /// The next frame, its last row at `now`, those before it spread over a period.
    pub(super) fn next(&mut self, now: Timestamp, period: Duration) -> Result<Frame, Error> {
        let rows = i64::from(self.options.rows());
        let step = i64::try_from(period.as_nanos()).unwrap_or(i64::MAX) / rows;
        let instant = |row: i64| now.nanos().saturating_sub(step.saturating_mul(rows - 1 - row));
        let times: Vec<_> = (0..rows).map(|row| Timestamp::from_nanos(instant(row))).collect();
        self.frame(&times)
    }

    fn frame(&mut self, times: &[Timestamp]) -> Result<Frame, Error> {
        let several = self.series.len() > 1;
        let mut frame = Frame::builder("testdata").column(Field::new("Time"), times.to_vec());
        for (index, series) in self.series.iter_mut().enumerate() {
            let rows: Vec<_> = times.iter().map(|_| series.row()).collect();
            for column in self.options.fields() {
                let values: Vec<f64> = rows.iter().map(|row| column.of(row)).collect();
                let field = Field::new(column.name());
                let field = if several { field.label("series", index.to_string()) } else { field };
                frame = frame.column(field, values);
            }
        }
        Ok(frame.build()?)
    }
}

/// A walk in long form, whose labels change with the clock.
#[derive(Debug)]
pub(super) struct LabeledWalk(Series);

impl LabeledWalk {
    pub(super) fn new(seed: u64) -> Self {
        Self(Series::new(seed))
    }

    pub(super) fn next(&mut self, now: Timestamp) -> Result<Frame, Error> {
        let second = now.millis().div_euclid(1_000).rem_euclid(60);
        let labels = [format!("s=A,s=p{},x=X", second / 3), format!("s=B,s=p{},x=X", second / 7)];
        let value = self.0.step();
        labeled(&labels, &[now, now], &[value, value + 10.0])
    }
}

fn labeled(labels: &[String], times: &[Timestamp], values: &[f64]) -> Result<Frame, Error> {
    let frame = Frame::builder("labeled")
        .column(Field::new("labels"), labels.to_vec())
        .column(Field::new("Time"), times.to_vec())
        .column(Field::new("Value"), values.to_vec());
    Ok(frame.build()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_sdk::frame::Value;

    fn walk(data: &str, seed: u64) -> Walk {
        let request = StreamRequest { path: "random-walk".into(), data: data.into() };
        Walk::new(Options::of(&request).unwrap(), seed)
    }

    fn column(frame: &Frame, index: usize) -> Vec<f64> {
        let values = frame.field(index).unwrap().values();
        values.map(|value| if let Value::Float64(x) = value { x } else { panic!("{value:?}") }).collect()
    }

    #[test]
    fn a_walk_goes_on_from_frame_to_frame_and_its_bounds_lie_around_it() {
        let mut walk = walk("", 1);
        let mut last = None;
        for second in 0..100 {
            let frame = walk.next(Timestamp::from_seconds(second), Duration::from_secs(1)).unwrap();
            let [value, min, max] = [1, 2, 3].map(|n| column(&frame, n)[0]);
            assert!(min < value && value < max && value - min <= 50.01 && max - value <= 50.01);
            assert!(last.is_none_or(|last: f64| (value - last).abs() <= 0.5 && value != last));
            last = Some(value);
        }
    }

    #[test]
    fn the_same_seed_walks_the_same_way_and_every_series_its_own() {
        let of = |seed| walk(r#"{"series":2,"rows":5}"#, seed).next(Timestamp::default(), Duration::ZERO).unwrap();
        assert_eq!(column(&of(1), 1), column(&of(1), 1));
        assert_ne!(column(&of(1), 1), column(&of(3), 1));
        assert_ne!(column(&of(1), 1), column(&of(1), 4));
        assert_eq!(of(1).field(4).unwrap().labels()["series"], "1");
    }

    #[test]
    fn rows_are_spread_over_the_period_up_to_now() {
        let frame = walk(r#"{"rows":4,"fields":["Max"]}"#, 1)
            .next(Timestamp::from_millis(10_000), Duration::from_secs(2))
            .unwrap();
        let times: Vec<_> = frame.field(0).unwrap().values().collect();
        assert_eq!(times, [8_500, 9_000, 9_500, 10_000].map(|ms| Value::Time(Timestamp::from_millis(ms))));
        assert_eq!((frame.num_fields(), frame.field(1).unwrap().name()), (2, "Max"));
    }

    #[test]
    fn labels_change_with_the_clock_and_fields_never_do() {
        let mut walk = LabeledWalk::new(1);
        let label = |frame: &Frame| frame.field(0).unwrap().values().collect::<Vec<_>>();
        let (a, b) = (walk.next(Timestamp::from_seconds(0)).unwrap(), walk.next(Timestamp::from_seconds(59)).unwrap());
        assert_eq!(label(&a), ["s=A,s=p0,x=X", "s=B,s=p0,x=X"].map(|text| Value::String(text.into())));
        assert_eq!(label(&b), ["s=A,s=p19,x=X", "s=B,s=p8,x=X"].map(|text| Value::String(text.into())));
        assert_eq!(a.schema(), b.schema());
        assert_eq!(a.schema(), Shape::Labeled.no_rows().unwrap().schema());
    }
}
