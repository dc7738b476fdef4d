//! The tables of the tests of Grafana's own plugin, where they are there (`WELLHEAD_FIXTURES`, else `../shared/fixtures`).

use crate::support::{pass_on, pass_on_without_arrow, source};
use serde_json::{Value, json};
use wellhead_sdk::testing::{self, block_on};
use wellhead_sql::{Dialect, statements};
use wellhead_test_servers::{Chdb, http};

const SEEDS: &[&str] = &[
    "seed.sql",
    "map_events.sql",
    "otel_logs_v0151.sql",
    "simple_aggregate_functions.sql",
    "trace_id_ts.sql",
    "trace_spans.sql",
    "trace_spans_json.sql",
];

#[test]
fn every_table_is_the_same_by_arrow_and_by_json() {
    let Some(folder) = wellhead_test_support::fixtures().map(|folder| folder.join("clickhouse")) else {
        eprintln!("passed over: no fixtures on this machine");
        return;
    };
    let Some(server) = Chdb::start().unwrap() else { return };
    for seed in SEEDS {
        let sql = std::fs::read_to_string(folder.join(seed)).unwrap();
        for range in statements(Dialect::ClickHouse, &sql) {
            // Each request has settings of its own.
            let statement = sql[range].trim();
            let target = "POST /?allow_experimental_json_type=1&session_timezone=UTC";
            let (status, body) = http::send(server.port(), target, &[], statement).unwrap();
            assert_eq!(status, 200, "{seed}: {statement}: {body}");
        }
    }
    let tables =
        server.ask("SELECT name FROM system.tables WHERE database = 'e2e_test' AND engine NOT LIKE '%View'").unwrap();
    assert!(tables.lines().count() >= 7, "{tables}");
    let settings = json!({"defaultDatabase": "e2e_test"});
    let (arrow, old) = (source(server.port(), settings.clone()), source(server.port(), settings));
    for table in tables.lines() {
        let sql = format!("SELECT * FROM {table} ORDER BY 1, 2");
        testing::answer_http_with(pass_on);
        let by_arrow = block_on(arrow.table(&sql));
        testing::answer_http_with(pass_on_without_arrow);
        let by_json = block_on(old.table(&sql));
        assert!(!by_arrow["data"]["values"][0].as_array().unwrap().is_empty(), "{table}");
        assert_eq!(types(&by_arrow), types(&by_json), "{table}");
        for (place, column) in by_arrow["data"]["values"].as_array().unwrap().iter().enumerate() {
            let json = without_zeros(&by_json["data"]["values"][place]);
            assert_eq!(*column, json, "{table}: {}", by_arrow["schema"]["fields"][place]);
        }
        assert_eq!(by_arrow["data"]["nanos"], by_json["data"]["nanos"], "{table}");
    }
}

/// Within arrays, the server's JSON has all digits of a time, and Go's none that is not needed.
fn without_zeros(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(without_zeros).collect(),
        Value::String(text) => match text.strip_suffix('Z') {
            Some(time) if time.contains('.') => json!(format!("{}Z", time.trim_end_matches('0').trim_end_matches('.'))),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

fn types(frame: &Value) -> Vec<(Value, Value)> {
    let fields = frame["schema"]["fields"].as_array().unwrap();
    fields.iter().map(|field| (field["name"].clone(), field["typeInfo"]["frame"].clone())).collect()
}
