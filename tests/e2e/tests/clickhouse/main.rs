//! The ClickHouse plugin in the real host, before a real ClickHouse 18.16: what only the two together can show.

mod faults;
mod health;
mod load;
mod tls;

use anyhow::Result;
use serde_json::Value;
use wellhead::SecretValues;
use wellhead_e2e::host::{Host, wasm};
use wellhead_runtime::DataSourceSettings;
use wellhead_test_servers::ClickHouse;

/// Queries of the plugin that run: it names them.
const RUNNING: &str = "SELECT count() FROM system.processes WHERE query_id LIKE 'wellhead-%'";

/// The URL of a server.
fn url(server: &ClickHouse) -> String {
    format!("http://127.0.0.1:{}", server.port())
}

/// The settings of a data source at this URL.
fn settings(url: &str, json_data: &Value, secrets: &[(&str, &str)]) -> DataSourceSettings {
    DataSourceSettings {
        url: url.to_owned(),
        json_data: json_data.as_object().cloned().unwrap_or_default(),
        secrets: SecretValues::from_iter(secrets.iter().copied()),
        ..DataSourceSettings::default()
    }
}

async fn host(url: &str) -> Result<Host> {
    Host::start_with(&wasm("clickhouse")?, settings(url, &Value::Null, &[])).await
}
