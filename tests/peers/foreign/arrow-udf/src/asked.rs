//! What a call asks, and what must come.

use anyhow::{Result, bail, ensure};
use arrow_array::{Array, Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, TimeUnit};
use arrow_udf_runtime::wasm::{FunctionHandle, Runtime};
use std::sync::Arc;
use wellhead_peer::{Call, Table};
use wellhead_peer_table::{latency, time, value};

pub(crate) const NO_WAY_OUT: &str = "its functions have no way out";

pub(crate) struct Asked {
    function: FunctionHandle,
    input: RecordBatch,
    /// Rows of the answer.
    rows: usize,
    columns: usize,
    /// Whether it is a frame.
    is_frame: bool,
    /// Whether batches are left as they came.
    batches: bool,
    /// Of the answer as IPC, once it was looked at.
    bytes: u64,
}

impl Asked {
    pub(crate) fn new(runtime: &Runtime, call: &Call, batches: bool) -> Result<Self> {
        let (name, returns, columns, rows) = match call {
            Call::Health => ("health", DataType::Int64, 1, 1),
            Call::Query { table: Table::Series, rows } => ("series", series(), 2, *rows),
            Call::Query { table: Table::Mixed, rows } => ("mixed", mixed(), 10, *rows),
            Call::Upstream { .. } => bail!(NO_WAY_OUT),
        };
        let function = runtime.find_function(name, vec![DataType::Int64], returns)?;
        let count: Arc<dyn Array> = Arc::new(Int64Array::from_value(i64::try_from(rows)?, 1));
        let input = RecordBatch::try_from_iter([("rows", count)])?;
        let is_frame = !matches!(call, Call::Health);
        Ok(Self { function, input, rows, columns, is_frame, batches, bytes: 0 })
    }

    /// The bytes of the frame that came.
    pub(crate) fn ask(&self, runtime: &Runtime) -> Result<u64> {
        let batch = runtime.call(&self.function, &self.input)?;
        ensure!(batch.num_rows() == self.rows, "{} rows came instead of {}", batch.num_rows(), self.rows);
        Ok(match self {
            Self { is_frame: false, .. } => 0,
            Self { batches: true, .. } => self.bytes,
            _ => ipc(&batch)?.len() as u64,
        })
    }

    /// Asks, and looks at what comes: the first columns of numbers, cell by cell.
    pub(crate) fn check(&mut self, runtime: &Runtime) -> Result<()> {
        let batch = runtime.call(&self.function, &self.input)?;
        ensure!((batch.num_rows(), batch.num_columns()) == (self.rows, self.columns), "another table came");
        let instants = |column: &Arc<dyn Array>| -> Option<bool> {
            let column = column.as_any().downcast_ref::<TimestampMicrosecondArray>()?;
            Some((0..self.rows).all(|row| column.value(row) == time(row) * 1_000))
        };
        let numbers = |column: &Arc<dyn Array>, cell: fn(usize) -> f64| -> Option<bool> {
            let column = column.as_any().downcast_ref::<Float64Array>()?;
            Some((0..self.rows).all(|row| column.value(row) == cell(row)))
        };
        let same = |name: &str| {
            let column = batch.column_by_name(name)?;
            match name {
                "time" => instants(column),
                "value" => numbers(column, value),
                _ => numbers(column, latency),
            }
        };
        for (name, of) in [("time", [2, 10]), ("value", [2, 2]), ("latency", [10, 10])] {
            ensure!(!of.contains(&self.columns) || same(name) == Some(true), "column {name} came otherwise");
        }
        self.bytes = ipc(&batch)?.len() as u64;
        Ok(())
    }
}

/// As Arrow IPC, which is what the others have at the host.
fn ipc(batch: &RecordBatch) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(batch.get_array_memory_size() + 1_024);
    let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema())?;
    writer.write(batch)?;
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}

fn series() -> DataType {
    table(&[("time", DataType::Timestamp(TimeUnit::Microsecond, None)), ("value", DataType::Float64)])
}

fn mixed() -> DataType {
    table(&[
        ("time", DataType::Timestamp(TimeUnit::Microsecond, None)),
        ("host", DataType::Utf8),
        ("message", DataType::Utf8),
        ("code", DataType::Int64),
        ("bytes", DataType::Int64),
        ("latency", DataType::Float64),
        ("load", DataType::Float64),
        ("ok", DataType::Boolean),
        ("retried", DataType::Boolean),
        ("region", DataType::Utf8),
    ])
}

fn table(columns: &[(&str, DataType)]) -> DataType {
    DataType::Struct(columns.iter().map(|(name, of)| Field::new(*name, of.clone(), true)).collect())
}
