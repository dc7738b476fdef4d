//! Time series: all rows gathered, within bounds, turned wide and put onto the grid of a fill, as Grafana does it.

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use futures::stream::Stream;
use wellhead_sdk::frame::{Column, Field, FillMode, Frame, FrameError, Grid, Notice, Severity, TimeSeriesKind};
use wellhead_sdk::{Error, QueryResult};

use super::columns::Plan;
use super::table::Limited;
use super::{AnswerOptions, unfit};
use crate::Fill;

/// What the rows of a series may take while they are gathered. The wide frame comes on top, and a plugin has 256 MiB.
const MAX_BYTES: usize = 64 << 20;

/// Values of a wide frame: 64 MiB of them, while the rows are still there.
const MAX_VALUES: usize = 8 << 20;

pub(super) async fn series(
    options: &AnswerOptions,
    schema: &Schema,
    rows: impl Stream<Item = Result<RecordBatch, Error>> + 'static,
) -> Result<QueryResult, Error> {
    let plan = Plan::new(options, schema)?;
    let mut rows = Limited::new(rows, options.row_limit);
    let (mut batches, mut bytes) = (Vec::new(), 0);
    while let Some(batch) = rows.next().await.transpose()? {
        if plan.time.is_none() && options.classic() {
            return Err(unfit(
                "db has no time column: time column is missing; make sure your data includes a time column for time series format or switch to a table format that doesn't require it",
            ));
        }
        let batch = plan.convert(&batch)?;
        bytes += batch.get_array_memory_size();
        if bytes > MAX_BYTES {
            return Err(unfit(format_args!(
                "a time series is gathered before it is shown, and this one exceeds {MAX_BYTES} bytes: group it by longer periods, ask for less time, or choose the format table"
            )));
        }
        batches.push(batch);
    }

    let mut frame = match batches.is_empty() {
        true => Frame::empty(options.frame_name()),
        false => turn(options, plan.frame(batches)?)?,
    };
    let mut meta = frame.meta().cloned().unwrap_or_else(|| options.meta());
    if rows.cut.get() {
        meta.notices.push(options.limit_notice());
    }
    if let (Some(fill), true) = (options.fill, frame.num_rows() > 0) {
        match filled(options, &frame, fill) {
            Ok(on_grid) => frame = on_grid,
            Err(why) => meta.notices.push(Notice::new(Severity::Warning, why)),
        }
    }
    frame.set_meta(Some(meta))?;
    Ok(frame.into())
}

/// A long series turned wide; all else as it is.
fn turn(options: &AnswerOptions, frame: Frame) -> Result<Frame, Error> {
    if frame.time_series_kind() != TimeSeriesKind::Long {
        return Ok(frame);
    }
    let mode = options.fill.map_or(FillMode::Null, |fill| fill.mode);
    let wide = frame.long_to_wide(mode, MAX_VALUES).map_err(|error| match error {
        FrameError::NullTime { .. } | FrameError::Unsorted { .. } | FrameError::Limit { .. } => {
            unfit(format_args!("failed to convert long to wide series when converting from dataframe: {error}"))
        }
        error => error.into(),
    })?;
    // Time, value and metric: before Grafana 8, the metric was the name of the series, and still is.
    if options.classic() && frame.num_fields() == 3 { named_by_metric(&wide) } else { Ok(wide) }
}

fn named_by_metric(wide: &Frame) -> Result<Frame, Error> {
    let mut named = Frame::builder(wide.name());
    if let Some(meta) = wide.meta() {
        named = named.meta(meta.clone());
    }
    for field in wide.fields() {
        let described = match field.labels().get("metric") {
            Some(metric) if field.labels().len() == 1 => Field::new(metric),
            _ if field.labels().is_empty() => Field::new(field.name()),
            _ => Field::new(field.name()).labels(field.labels()),
        };
        // A wide frame has one batch.
        let Some(values) = field.chunks().next() else { continue };
        let column = Column::from(values.clone());
        named = named.column(described, if field.nullable() { column.nullable() } else { column });
    }
    Ok(named.build()?)
}

/// The frame on the grid of its fill, or why it is not.
fn filled(options: &AnswerOptions, frame: &Frame, fill: Fill) -> Result<Frame, &'static str> {
    const TOO_MANY: &str =
        "Fill operation skipped: time range and interval would require more points than the configured row limit";
    const SECOND: i64 = 1_000_000_000;
    let step = i64::try_from(fill.period.as_nanos()).unwrap_or(i64::MAX).max(1);
    let from = options.time_range.from.nanos();
    // To whole seconds of the period, as Grafana counts; a period below a second has none.
    let align = if step >= SECOND { step / SECOND * SECOND } else { step };
    let from = from - from.checked_rem(align).unwrap_or(0);
    let grid = Grid { from: wellhead_sdk::frame::Timestamp::from_nanos(from), to: options.time_range.to, step };
    let points = usize::try_from(grid.len()).unwrap_or(usize::MAX);
    if points.saturating_sub(1) > options.row_limit || points.saturating_mul(frame.num_fields()) > MAX_VALUES {
        return Err(TOO_MANY);
    }
    frame.resampled(grid, fill.mode, points).map_err(|_| "Failed to resample dataframe")
}
