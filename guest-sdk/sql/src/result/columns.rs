//! Which column is the time, and what becomes of the others: the plan for a result, made once and used for every batch.

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Schema, SchemaRef, TimeUnit};
use wellhead_sdk::Error;
use wellhead_sdk::frame::{Column, Field, Frame};

use super::AnswerOptions;
use super::convert::{to_floats, to_times};
use crate::{Dialect, Format};

/// What Grafana calls the time of every series.
const TIME_FIELD: &str = "Time";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Keep,
    ToTimes,
    ToFloats,
}

/// From the columns that come to the fields of the frame.
#[derive(Debug)]
pub(super) struct Plan {
    /// Column names as they came, for messages, and what to do with each.
    actions: Vec<(String, Action)>,
    /// The time column, by the dialect's rules.
    pub(super) time: Option<usize>,
    /// The frame's fields and metadata, without rows.
    frame: Frame,
}

impl Plan {
    /// A plan for a result of this schema.
    ///
    /// # Errors
    /// A type that Grafana does not have.
    pub(super) fn new(options: &AnswerOptions, schema: &Schema) -> Result<Self, Error> {
        let time = time_column(options.dialect, schema);
        let actions = schema.fields().iter().enumerate().map(|(place, field)| {
            let action = action(options, time, place, field.name(), field.data_type());
            (field.name().clone(), action)
        });
        let mut plan = Self { actions: actions.collect(), time, frame: Frame::empty("") };

        let empty = RecordBatch::new_empty(schema.clone().into());
        let mut frame = Frame::builder(options.frame_name()).meta(options.meta());
        for (place, (field, column)) in schema.fields().iter().zip(plan.columns(&empty)?).enumerate() {
            let renamed = options.format == Format::TimeSeries && options.classic() && time == Some(place);
            let kept = plan.actions.get(place).is_some_and(|(_, action)| *action == Action::Keep);
            let mut column = Column::from(column);
            if field.is_nullable() || !kept {
                column = column.nullable();
            }
            frame = frame.column(Field::new(if renamed { TIME_FIELD } else { field.name() }), column);
        }
        plan.frame = frame.build()?;
        Ok(plan)
    }

    /// The frame's fields, without rows.
    pub(super) fn empty(&self) -> Frame {
        let without_rows = Frame::try_new(self.frame.schema().clone(), Vec::new());
        without_rows.unwrap_or_else(|_| self.frame.clone())
    }

    /// A batch under the frame's schema.
    ///
    /// # Errors
    /// A value that cannot become a time or a number.
    pub(super) fn convert(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let schema: SchemaRef = self.frame.schema().clone();
        RecordBatch::try_new_with_options(schema, self.columns(batch)?, &options)
            .map_err(|error| Error::plugin(format_args!("a batch of the result is not under its schema: {error}")))
    }

    /// A frame of converted batches.
    pub(super) fn frame(&self, batches: Vec<RecordBatch>) -> Result<Frame, Error> {
        Ok(Frame::try_new(self.frame.schema().clone(), batches)?)
    }

    fn columns(&self, batch: &RecordBatch) -> Result<Vec<arrow_array::ArrayRef>, Error> {
        let converted = |((name, action), column): (&(String, Action), &arrow_array::ArrayRef)| match action {
            Action::Keep => Ok(column.clone()),
            Action::ToTimes => to_times(name, column),
            Action::ToFloats => to_floats(name, column),
        };
        self.actions.iter().zip(batch.columns()).map(converted).collect()
    }
}

/// The last one of its name, as Grafana's `sqleng` has it; `sqlds` takes the first that holds times.
fn time_column(dialect: Dialect, schema: &Schema) -> Option<usize> {
    let names: &[&str] = match dialect {
        Dialect::Postgres { .. } => &["time"],
        Dialect::MySql { .. } => &["time", "time_sec"],
        Dialect::ClickHouse => return schema.fields().iter().position(|field| is_time(field.data_type())),
    };
    schema.fields().iter().rposition(|field| names.contains(&field.name().as_str()))
}

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(TimeUnit::Nanosecond, None))
}

fn action(options: &AnswerOptions, time: Option<usize>, place: usize, name: &str, data_type: &DataType) -> Action {
    if !options.classic() {
        return Action::Keep;
    }
    let series = options.format == Format::TimeSeries;
    match () {
        () if time == Some(place) || (!series && name.eq_ignore_ascii_case("timeend")) => Action::ToTimes,
        () if series && name != "metric" && *data_type != DataType::Utf8 => Action::ToFloats,
        () => Action::Keep,
    }
}
