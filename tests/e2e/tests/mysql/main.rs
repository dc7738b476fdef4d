//! The MySQL plugin in the real host, before a real MariaDB: what only the two together can show.

mod faults;
mod health;
mod load;
mod tls;

use anyhow::Result;
use serde_json::{Map, Value, json};
use wellhead::SecretValues;
use wellhead_e2e::host::{Host, wasm};
use wellhead_runtime::DataSourceSettings;
use wellhead_test_servers::MariaDb;

/// Whom the plugin logs in as, so that the server's lists tell its connections from those of the tests.
const USER: &str = "who";
const PASSWORD: &str = "right-secret";

/// Statements of the plugin that run.
const RUNNING: &str =
    "SELECT count(*) FROM information_schema.processlist WHERE user = 'who' AND command IN ('Query', 'Execute')";
/// Connections of the plugin.
const CONNECTIONS: &str = "SELECT count(*) FROM information_schema.processlist WHERE user = 'who'";

/// A server that knows the plugin's user.
fn server(options: &[&str]) -> Result<MariaDb> {
    let server = MariaDb::start_with(options, &[])?;
    server.ask(&format!(
        "CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'; GRANT SELECT ON test.* TO {USER}@'127.0.0.1'"
    ))?;
    Ok(server)
}

/// Where it listens.
fn address(server: &MariaDb) -> String {
    format!("127.0.0.1:{}", server.port())
}

/// The settings of a data source at this address.
fn settings(address: &str, user: &str, password: &str, json_data: Value) -> DataSourceSettings {
    let mut json_data: Map<String, Value> = json_data.as_object().cloned().unwrap_or_default();
    json_data.entry("database").or_insert(json!("test"));
    DataSourceSettings {
        url: address.to_owned(),
        user: user.to_owned(),
        json_data,
        secrets: SecretValues::from_iter([("password", password)]),
        ..DataSourceSettings::default()
    }
}

async fn host(address: &str, json_data: Value) -> Result<Host> {
    Host::start_with(&wasm("mysql")?, settings(address, USER, PASSWORD, json_data)).await
}
