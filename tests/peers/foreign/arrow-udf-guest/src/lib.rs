//! The functions that `peer-arrow-udf` calls, which are exported as the macro of [`arrow_udf`] does it: one row in, that
//! says how many are wanted, and all of them out in one batch. The macro itself would give a batch of every 1,024 rows,
//! and build them value by value.

use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow_udf::ffi::{CSlice, scalar_wrapper};
use arrow_udf::{Error, Result};
use std::sync::{Arc, LazyLock};
use wellhead_peer_table::{bytes, code, host, latency, load, message, ok, region, retried, time, value};

/// A function's export is called `arrowudf_` and its signature, in base64 with $ and _ for + and /.
macro_rules! export {
    ($signature:literal, $name:literal, $function:expr, $ffi:ident) => {
        #[doc = $signature]
        #[unsafe(export_name = $name)]
        unsafe extern "C" fn $ffi(ptr: *const u8, len: usize, out: *mut CSlice) -> i32 {
            // SAFETY: the runtime keeps to what this wants, which is written there.
            unsafe { scalar_wrapper($function, ptr, len, out) }
        }
    };
}

export!("health(int64)->int64", "arrowudf_aGVhbHRoKGludDY0KS0$aW50NjQ", health, health_ffi);
export!(
    "series(int64)->struct<time:timestamp,value:float64>",
    "arrowudf_c2VyaWVzKGludDY0KS0$c3RydWN0PHRpbWU6dGltZXN0YW1wLHZhbHVlOmZsb2F0NjQ$",
    series,
    series_ffi
);
export!(
    "mixed(int64)->struct<time:timestamp,host:string,message:string,code:int64,bytes:int64,latency:float64,load:float64,\
     ok:boolean,retried:boolean,region:string>",
    "arrowudf_bWl4ZWQoaW50NjQpLT5zdHJ1Y3Q8dGltZTp0aW1lc3RhbXAsaG9zdDpzdHJpbmcsbWVzc2FnZTpzdHJpbmcsY29kZTppbnQ2NCxieXRlcz\
     ppbnQ2NCxsYXRlbmN5OmZsb2F0NjQsbG9hZDpmbG9hdDY0LG9rOmJvb2xlYW4scmV0cmllZDpib29sZWFuLHJlZ2lvbjpzdHJpbmc$",
    mixed,
    mixed_ffi
);

static SERIES: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema([("time", DataType::Timestamp(TimeUnit::Microsecond, None)), ("value", DataType::Float64)].into())
});

static MIXED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let fields = [
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
    ];
    schema(fields.into())
});

fn schema(fields: Vec<(&str, DataType)>) -> SchemaRef {
    let fields: Fields = fields.into_iter().map(|(name, of)| Field::new(name, of, true)).collect();
    Arc::new(Schema::new(fields))
}

/// Well, for every row.
fn health(input: &RecordBatch) -> Result<RecordBatch> {
    Ok(input.clone())
}

/// So many rows as the first row says.
fn wanted(input: &RecordBatch) -> Result<usize> {
    let rows = input.column_by_name("rows").and_then(|column| column.as_any().downcast_ref::<Int64Array>());
    let rows = rows.filter(|rows| !rows.is_empty()).map(|rows| rows.value(0));
    rows.and_then(|rows| usize::try_from(rows).ok())
        .ok_or_else(|| Error::InvalidArgumentError("no count of rows".to_owned()))
}

fn series(input: &RecordBatch) -> Result<RecordBatch> {
    let rows = wanted(input)?;
    RecordBatch::try_new(
        SERIES.clone(),
        vec![instants(rows), Arc::new(Float64Array::from_iter_values((0..rows).map(value)))],
    )
}

fn mixed(input: &RecordBatch) -> Result<RecordBatch> {
    let rows = wanted(input)?;
    let columns: Vec<ArrayRef> = vec![
        instants(rows),
        Arc::new(StringArray::from_iter_values((0..rows).map(host))),
        Arc::new((0..rows).map(message).collect::<StringArray>()),
        Arc::new(Int64Array::from_iter_values((0..rows).map(code))),
        Arc::new((0..rows).map(bytes).collect::<Int64Array>()),
        Arc::new(Float64Array::from_iter_values((0..rows).map(latency))),
        Arc::new((0..rows).map(load).collect::<Float64Array>()),
        Arc::new((0..rows).map(|row| Some(ok(row))).collect::<BooleanArray>()),
        Arc::new((0..rows).map(retried).collect::<BooleanArray>()),
        Arc::new((0..rows).map(region).collect::<StringArray>()),
    ];
    RecordBatch::try_new(MIXED.clone(), columns)
}

fn instants(rows: usize) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values((0..rows).map(|row| time(row) * 1_000)))
}
