//! Grafana's golden frame of a simple table, where this machine has it: the same rows here make the same frame.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch, StringArray, TimestampNanosecondArray};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use serde_json::Value;
use wellhead_frame::JsonOptions;
use wellhead_sdk::testing::block_on;
use wellhead_sql::{AnswerOptions, Dialect, Format, answer};

/// The rows of `simple.sql`, as a driver hands them over.
fn rows() -> RecordBatch {
    let time = DataType::Timestamp(TimeUnit::Nanosecond, None);
    let fields = [("time", time), ("v", DataType::Float64), ("c", DataType::Utf8)];
    let schema = Schema::new(fields.map(|(name, data_type)| Field::new(name, data_type, true)).to_vec());
    let times = (0..10).map(|n| (1_703_428_203 + n / 2 * 60) * 1_000_000_000);
    let values = (0..10).map(|n| f64::from(n / 2 * 10 + 10 + n % 2 * 100));
    RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(TimestampNanosecondArray::from_iter_values(times)),
            Arc::new(Float64Array::from_iter_values(values)),
            Arc::new(StringArray::from_iter_values(["a", "b"].iter().cycle().take(10))),
        ],
    )
    .unwrap()
}

#[test]
fn a_simple_table_is_grafanas_frame() {
    let Some(fixtures) = wellhead_test_support::fixtures() else { return };
    for (dialect, file) in
        [(Dialect::postgres(), "postgres/simple.golden.json"), (Dialect::mysql(), "mysql/simple.golden.jsonc")]
    {
        let Ok(text) = std::fs::read_to_string(fixtures.join(file)) else { continue };
        let json: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let golden: Value = serde_json::from_str(&json).unwrap();
        let golden = &golden["frames"][0];

        let options = AnswerOptions::new(dialect, Format::Table, "SELECT * FROM tbl");
        let rows = rows();
        let stream = futures::stream::iter([Ok(rows.clone())]);
        let frames = block_on(async { answer(options, rows.schema(), stream).await.collect().await }).unwrap();
        let made: Value = serde_json::from_slice(&frames[0].to_json(&JsonOptions::default()).unwrap()).unwrap();
        for key in ["fields", "meta"] {
            assert_eq!(made["schema"][key], golden["schema"][key], "{file}: {key}");
        }
        assert_eq!(made["data"]["values"], golden["data"]["values"], "{file}");
    }
}
