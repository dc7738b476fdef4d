//! Series that go up and down by chance.

use wellhead_sdk::frame::FrameType;
use wellhead_sdk::prelude::*;

use crate::query::Query;
use crate::rng::Rng;
use crate::series::{self, Steps};

/// The most values over all series; more is what the scenario `rows` is for.
const MAX_VALUES: usize = 5_000_000;

/// One frame a series.
pub(super) fn frames(query: &DataQuery<Query>) -> Result<QueryResult, Error> {
    let series = query.model.series_count.unwrap_or(1);
    let values = Steps::of(query).count().saturating_mul(series as usize);
    if values > MAX_VALUES {
        return Err(Error::bad_request(format_args!(
            "seriesCount {series} asks for {values} values, {MAX_VALUES} are allowed: ask for fewer, or use scenario rows"
        )));
    }
    (0..series).map(|index| frame(query, index)).collect()
}

/// The series of this index.
pub(super) fn frame(query: &DataQuery<Query>, index: u32) -> Result<Frame, Error> {
    let model = &query.model;
    let mut rng = Rng::new(seed(query).wrapping_add(index.into()));
    let start = model.start_value.unwrap_or_else(|| rng.unit() * 100.0);
    let (spread, noise) = (model.spread.unwrap_or(1.0), model.noise.unwrap_or(0.0));
    let (min, max) = (model.min.unwrap_or(f64::NEG_INFINITY), model.max.unwrap_or(f64::INFINITY));
    let drop = model.drop_percent.unwrap_or(0.0) / 100.0;

    let steps = Steps::of(query);
    let (mut times, mut values) = (Vec::with_capacity(steps.count()), Vec::with_capacity(steps.count()));
    let mut walker = start;
    for instant in steps.instants() {
        let mut value = walker + rng.unit() * noise;
        // The walk goes on from the wall it has hit.
        if value < min {
            (value, walker) = (min, min);
        }
        if value > max {
            (value, walker) = (max, max);
        }
        if rng.unit() >= drop {
            times.push(instant);
            values.push(Some(value));
        }
        walker += (rng.unit() - 0.5) * spread;
    }

    let time = Field::new("time").config(FieldConfig { interval: Some(steps.step() as f64), ..FieldConfig::default() });
    let frame = Frame::builder("")
        .meta(FrameMeta::of(FrameType::TimeseriesMulti, [0, 1]))
        .column(time, times)
        .column(series::field(query, series::name(query, index), index), values);
    Ok(frame.build()?)
}

/// The query's seed, or its time range.
pub(super) fn seed(query: &DataQuery<Query>) -> u64 {
    let range = query.time_range;
    query.model.seed.unwrap_or_else(|| (range.from.nanos() as u64).wrapping_add(range.to.nanos() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::tests::an_hour;
    use wellhead_sdk::frame::Value;
    use wellhead_sdk::testing::block_on;

    fn walk(model: Query) -> Vec<Frame> {
        block_on(frames(&an_hour(model)).unwrap().collect()).unwrap()
    }

    fn values(frame: &Frame) -> Vec<f64> {
        frame.field(1).unwrap().values().map(|value| if let Value::Float64(x) = value { x } else { panic!() }).collect()
    }

    #[test]
    fn the_same_query_walks_the_same_way_and_another_seed_another() {
        let of = |seed| values(&walk(Query { seed, ..Query::default() })[0]);
        assert_eq!(of(Some(1)), of(Some(1)));
        assert_ne!(of(Some(1)), of(Some(2)));
        assert_eq!(of(None), of(None));
    }

    #[test]
    fn every_series_has_its_own_walk_name_and_labels() {
        let labels = Some(r#"{n="$seriesIndex"}"#.to_owned());
        let frames = walk(Query { series_count: Some(2), labels, ..Query::default() });
        let names: Vec<_> = frames.iter().map(|frame| frame.field(1).unwrap().name().to_owned()).collect();
        assert_eq!(names, ["A-series", "A-series1"]);
        assert_eq!(frames[1].field(1).unwrap().labels()["n"], "1");
        assert_ne!(values(&frames[0]), values(&frames[1]));
        assert_eq!(frames[0].num_rows(), 60);
    }

    #[test]
    fn a_walk_starts_where_it_should_and_stays_within_its_walls() {
        let model = Query {
            start_value: Some(5.0),
            spread: Some(50.0),
            noise: Some(3.0),
            min: Some(0.0),
            max: Some(10.0),
            ..Query::default()
        };
        let values = values(&walk(model)[0]);
        assert!((5.0..8.0).contains(&values[0]), "{}", values[0]);
        assert!(values.iter().all(|value| (0.0..=10.0).contains(value)), "{values:?}");
        assert!(values.contains(&0.0) && values.contains(&10.0), "{values:?}");
    }

    #[test]
    fn points_are_dropped_as_often_as_asked() {
        assert_eq!(walk(Query { drop_percent: Some(100.0), ..Query::default() })[0].num_rows(), 0);
        let some = walk(Query { drop_percent: Some(50.0), ..Query::default() })[0].num_rows();
        assert!((10..50).contains(&some), "{some}");
    }

    #[test]
    fn too_many_values_are_refused_with_the_way_out() {
        let error = frames(&an_hour(Query { series_count: Some(1_000_000), ..Query::default() })).unwrap_err();
        assert!(error.message().contains("5000000 are allowed") && error.message().contains("rows"), "{error}");
    }
}
