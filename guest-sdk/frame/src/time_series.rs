//! Which fields of a frame make it a time series: the rules of Grafana's `TimeSeriesSchema`, and what they share.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampNanosecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch, RecordBatchOptions, TimestampNanosecondArray};

use crate::pick::pick;
use crate::{FieldType, Frame, FrameError};

/// What a gap in a series is filled with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum FillMode {
    /// Null.
    #[default]
    Null,
    /// The value before it, null where there is none.
    Previous,
    /// A number; null in fields that are none.
    Value(f64),
}

/// How a frame can be read as a time series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSeriesKind {
    /// Not at all: it lacks a time field, or values.
    Not,
    /// Times repeat; strings and bools tell whose values a row has.
    Long,
    /// A field is a series.
    Wide,
}

impl TimeSeriesKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Not => "no time series",
            Self::Long => "a long time series",
            Self::Wide => "a wide time series",
        }
    }
}

impl Frame {
    /// How the frame can be read as a time series.
    pub fn time_series_kind(&self) -> TimeSeriesKind {
        Roles::of(self).kind()
    }
}

/// Places of the fields, by what they are in a time series.
pub(crate) struct Roles {
    /// The first field of times.
    pub(crate) time: Option<usize>,
    /// Strings and bools.
    pub(crate) factors: Vec<usize>,
    /// All others.
    pub(crate) values: Vec<usize>,
}

impl Roles {
    pub(crate) fn of(frame: &Frame) -> Self {
        let mut roles = Self { time: None, factors: Vec::new(), values: Vec::new() };
        for field in frame.fields() {
            match field.field_type() {
                FieldType::Time if roles.time.is_none() => roles.time = Some(field.index()),
                FieldType::String | FieldType::Bool => roles.factors.push(field.index()),
                _ => roles.values.push(field.index()),
            }
        }
        roles
    }

    pub(crate) fn kind(&self) -> TimeSeriesKind {
        match self {
            Self { time: None, .. } => TimeSeriesKind::Not,
            Self { values, .. } if values.is_empty() => TimeSeriesKind::Not,
            Self { factors, .. } if factors.is_empty() => TimeSeriesKind::Wide,
            _ => TimeSeriesKind::Long,
        }
    }
}

/// All rows in one batch; shares the values where they are in one already.
pub(crate) fn one_batch(frame: &Frame) -> Result<RecordBatch, FrameError> {
    match frame.batches() {
        [batch] => Ok(batch.clone()),
        batches => {
            let rows = batches.iter().map(RecordBatch::num_rows);
            let places = rows.enumerate().flat_map(|(batch, rows)| (0..rows).map(move |row| Some((batch, row))));
            let column = |(at, field): (usize, &std::sync::Arc<arrow_schema::Field>)| {
                let arrays: Vec<&ArrayRef> = batches.iter().filter_map(|batch| batch.columns().get(at)).collect();
                pick(field.name(), field.data_type(), &arrays, places.clone())
            };
            let columns = frame.schema().fields().iter().enumerate().map(column).collect::<Result<_, _>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(frame.num_rows()));
            Ok(RecordBatch::try_new_with_options(frame.schema().clone(), columns, &options)?)
        }
    }
}

/// The times of a field that must have them all.
pub(crate) fn times(frame: &Frame, batch: &RecordBatch, place: usize) -> Result<TimestampNanosecondArray, FrameError> {
    let not = || FrameError::NotTimeSeries { needed: "a time series", found: TimeSeriesKind::Not.as_str() };
    let column = batch.columns().get(place).ok_or_else(not)?;
    let times = column.as_primitive_opt::<TimestampNanosecondType>().ok_or_else(not)?;
    if times.null_count() > 0 {
        let field = frame.field(place).map_or("", |field| field.name()).to_owned();
        let row = (0..times.len()).find(|row| times.is_null(*row)).unwrap_or_default();
        return Err(FrameError::NullTime { field, row });
    }
    Ok(times.clone())
}

/// Stands for a row that is not there.
pub(crate) const NO_ROW: u32 = u32::MAX;

/// The values of these rows, gaps filled by `fill` as far as that is a number; other ways to fill are a matter of rows.
pub(crate) fn gather(column: &ArrayRef, rows: &[u32], fill: FillMode) -> Result<ArrayRef, FrameError> {
    if let FillMode::Value(value) = fill
        && let Some(filled) = gather_or(column, rows, value)
    {
        return Ok(filled);
    }
    let places = rows.iter().map(|row| (*row != NO_ROW).then_some((0, *row as usize)));
    pick("", column.data_type(), &[column], places)
}

/// As [`gather`], for numbers; `None` for what is none.
fn gather_or(column: &ArrayRef, rows: &[u32], fill: f64) -> Option<ArrayRef> {
    fn filled<T: ArrowPrimitiveType>(column: &ArrayRef, rows: &[u32], fill: T::Native) -> Option<ArrayRef> {
        let column = column.as_primitive_opt::<T>()?;
        let value = |row: &u32| match *row {
            NO_ROW => Some(fill),
            row => Some(row as usize).filter(|row| column.is_valid(*row)).map(|row| column.value(row)),
        };
        let values: PrimitiveArray<T> = rows.iter().map(value).collect();
        Some(std::sync::Arc::new(values))
    }
    filled::<Float64Type>(column, rows, fill)
        .or_else(|| filled::<Float32Type>(column, rows, fill as f32))
        .or_else(|| filled::<Int64Type>(column, rows, fill as i64))
        .or_else(|| filled::<Int32Type>(column, rows, fill as i32))
        .or_else(|| filled::<Int16Type>(column, rows, fill as i16))
        .or_else(|| filled::<Int8Type>(column, rows, fill as i8))
        .or_else(|| filled::<UInt64Type>(column, rows, fill as u64))
        .or_else(|| filled::<UInt32Type>(column, rows, fill as u32))
        .or_else(|| filled::<UInt16Type>(column, rows, fill as u16))
        .or_else(|| filled::<UInt8Type>(column, rows, fill as u8))
}

/// A row's number, which fits: nobody holds four thousand million rows in one batch.
pub(crate) fn row_number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(NO_ROW)
}
