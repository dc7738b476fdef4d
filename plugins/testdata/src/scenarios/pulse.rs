//! A wave that depends on the time alone: whoever asks, and for whatever range, sees the same.

use wellhead_sdk::frame::FrameType;
use wellhead_sdk::prelude::*;

use crate::query::Query;
use crate::series;

/// The most points, as in Grafana.
const MAX_POINTS: i64 = 10_000;

pub(super) fn frame(query: &DataQuery<Query>) -> Result<Frame, Error> {
    let Some(wave) = &query.model.pulse_wave else {
        return Err(Error::bad_request(
            "the scenario predictable_pulse needs pulseWave: set timeStep, onCount, onValue, offCount, offValue",
        ));
    };
    let step = i64::from(wave.time_step) * 1_000;
    let points = i64::from(wave.on_count) + i64::from(wave.off_count);
    if step == 0 || points == 0 {
        return Err(Error::bad_request("pulseWave needs a timeStep of at least 1 and a point that is on or off"));
    }
    let (on, off) = (wave.on_value.value(), wave.off_value.value());
    let (from, to) = (query.time_range.from.millis(), query.time_range.to.millis());
    let first = from - from.rem_euclid(step);
    let instants = (0..MAX_POINTS).map(|i| first + i * step).take_while(|instant| *instant < to);
    let is_on = |instant: i64| (instant / step).rem_euclid(points) < i64::from(wave.on_count);
    let (times, values): (Vec<_>, Vec<_>) =
        instants.map(|instant| (Timestamp::from_millis(instant), if is_on(instant) { on } else { off })).unzip();
    let frame = Frame::builder(series::name(query, 0))
        .meta(FrameMeta::of(FrameType::TimeseriesMulti, [0, 0]))
        .column(Field::new("Time"), times)
        .column(series::field(query, "Value".to_owned(), 0), values);
    Ok(frame.build()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Level, PulseWave};
    use crate::series::tests::an_hour;
    use wellhead_sdk::frame::Value;

    fn wave(from: i64) -> Vec<Value> {
        let (on_value, off_value) = (Level::Number(2.0), Level::Number(1.0));
        let pulse_wave = Some(PulseWave { time_step: 600, on_count: 2, off_count: 1, on_value, off_value });
        let mut query = an_hour(Query { pulse_wave, ..Query::default() });
        query.time_range.from = Timestamp::from_seconds(from);
        frame(&query).unwrap().field(1).unwrap().values().collect()
    }

    #[test]
    fn the_wave_is_counted_from_the_epoch() {
        let values = [2.0, 2.0, 1.0, 2.0, 2.0, 1.0].map(Value::Float64);
        assert_eq!(wave(0), values);
        assert_eq!(wave(1_300), values[2..]);
    }

    #[test]
    fn a_wave_without_points_is_refused() {
        assert_eq!(frame(&an_hour(Query::default())).unwrap_err().status(), 400);
    }
}
