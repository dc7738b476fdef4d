//! N rows × M series in one wide frame, made part by part while they are sent, so that a result of any size costs the
//! memory of a part.

use wellhead_sdk::FrameStream;
use wellhead_sdk::frame::{FrameType, PieceWriter};
use wellhead_sdk::prelude::*;

use super::random_walk::seed;
use crate::query::Query;
use crate::rng::Rng;

/// The most fields beside time: a schema is sent whole.
const MAX_SERIES: u32 = 1_000;

/// What there is to make.
#[derive(Clone, Debug)]
struct Plan {
    rows: u64,
    series: u32,
    /// Rows of a part: about a MiB of them.
    part: u64,
    start: i64,
    /// Nanoseconds between rows.
    step: i64,
    seed: u64,
}

pub(super) fn result(query: &DataQuery<Query>) -> Result<QueryResult, Error> {
    let series = query.model.series_count.unwrap_or(1);
    if series > MAX_SERIES {
        let what =
            format_args!("seriesCount {series} is more than the {MAX_SERIES} that one frame has here: ask for fewer");
        return Err(Error::bad_request(what));
    }
    let rows = query.model.rows.unwrap_or(1_000);
    let range = u64::try_from(query.time_range.duration().as_nanos()).unwrap_or(u64::MAX);
    let plan = Plan {
        rows,
        series,
        part: (PieceWriter::BEST_BYTES as u64 / 8 / (u64::from(series) + 1)).max(1),
        start: query.time_range.from.nanos(),
        step: i64::try_from(range / rows.max(1)).unwrap_or(i64::MAX).max(1),
        seed: seed(query),
    };
    if rows <= plan.part {
        return Ok(plan.part(0)?.into());
    }
    let firsts = (0..rows).step_by(usize::try_from(plan.part).unwrap_or(usize::MAX));
    Ok(FrameStream::from_parts(firsts.map(move |first| plan.part(first))).into())
}

impl Plan {
    /// The part that begins at this row.
    fn part(&self, first: u64) -> Result<Frame, Error> {
        let rows = first..first.saturating_add(self.part).min(self.rows);
        let instant = |row: u64| self.start.saturating_add((row as i64).saturating_mul(self.step));
        let times: Vec<_> = rows.clone().map(|row| Timestamp::from_nanos(instant(row))).collect();
        let mut frame = Frame::builder("rows")
            .meta(FrameMeta::of(FrameType::TimeseriesWide, [0, 1]))
            .column(Field::new("time"), times);
        for series in 0..self.series {
            // A part's seed is its place, so that no part needs those before it.
            let mut rng = Rng::new(self.seed.wrapping_add(u64::from(series) << 40).wrapping_add(first));
            // Two decimals, as measured values have.
            let values: Vec<f64> = rows.clone().map(|_| (rng.unit() * 10_000.0).floor() / 100.0).collect();
            let name = if self.series == 1 { "value".to_owned() } else { format!("value{series}") };
            frame = frame.column(Field::new(name), values);
        }
        Ok(frame.build()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::tests::an_hour;
    use wellhead_sdk::frame::Value;
    use wellhead_sdk::testing::block_on;

    fn rows(rows: u64, series: u32) -> Frame {
        let model = Query { rows: Some(rows), series_count: Some(series), seed: Some(1), ..Query::default() };
        block_on(result(&an_hour(model)).unwrap().collect()).unwrap().remove(0)
    }

    #[test]
    fn there_are_as_many_rows_and_fields_as_asked_for() {
        for (n, series) in [(0, 1), (1, 1), (1_000, 3), (70_000, 1), (200_001, 2)] {
            let frame = rows(n, series);
            assert_eq!((frame.num_rows() as u64, frame.num_fields() as u32), (n, series + 1));
        }
    }

    #[test]
    fn rows_are_spread_over_the_time_range_in_order() {
        let frame = rows(200_000, 1);
        let times: Vec<_> = frame.field(0).unwrap().values().collect();
        assert_eq!(times[0], Value::Time(Timestamp::from_seconds(0)));
        assert_eq!(times[100_000], Value::Time(Timestamp::from_seconds(1_800)));
        let nanos = |value: &Value| if let Value::Time(time) = value { time.nanos() } else { panic!() };
        assert!(times.windows(2).all(|pair| nanos(&pair[0]) < nanos(&pair[1])));
    }

    #[test]
    fn the_same_query_gives_the_same_rows() {
        let values = |frame: Frame| frame.field(1).unwrap().values().collect::<Vec<_>>();
        assert_eq!(values(rows(100_000, 1)), values(rows(100_000, 1)));
    }

    #[test]
    fn too_many_fields_are_refused() {
        let error = result(&an_hour(Query { series_count: Some(1_001), ..Query::default() })).unwrap_err();
        assert!(error.message().contains("1001"), "{error}");
    }
}
