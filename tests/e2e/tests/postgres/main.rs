//! The PostgreSQL plugin in the real host, before a real server: what only the two together can show.

mod faults;
mod load;
mod tls;

use anyhow::Result;
use serde_json::{Map, Value, json};
use wellhead::SecretValues;
use wellhead_e2e::host::{Host, wasm};
use wellhead_runtime::DataSourceSettings;
use wellhead_test_servers::PostgreSql;

/// The settings of a data source at this address.
fn settings(address: &str, user: &str, password: &str, json_data: Value) -> DataSourceSettings {
    let mut json_data: Map<String, Value> = json_data.as_object().cloned().unwrap_or_default();
    json_data.entry("sslmode").or_insert(json!("disable"));
    DataSourceSettings {
        url: address.to_owned(),
        user: user.to_owned(),
        database: "postgres".to_owned(),
        json_data,
        secrets: SecretValues::from_iter([("password", password)]),
        ..DataSourceSettings::default()
    }
}

async fn host(server: &PostgreSql, json_data: Value) -> Result<Host> {
    let address = format!("127.0.0.1:{}", server.port());
    Host::start_with(&wasm("postgres")?, settings(&address, PostgreSql::USER, "", json_data)).await
}

/// Statements of the plugin that run.
const RUNNING: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wellhead' AND state = 'active'";
/// Connections of the plugin.
const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wellhead'";
