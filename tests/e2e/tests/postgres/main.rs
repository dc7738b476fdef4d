//! The PostgreSQL plugin in the real host, before a real server: what only the two together can show.

mod faults;
mod load;
mod tls;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use wellhead::SecretValues;
use wellhead_e2e::host::{Host, wasm};
use wellhead_runtime::{DataResponse, DataSourceSettings};
use wellhead_test_servers::PostgreSql;

/// How long a state may take to come about on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

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

fn table(sql: &str) -> Value {
    json!({"rawSql": sql, "format": "table"})
}

async fn ask(host: &Host, sql: &str) -> Result<DataResponse> {
    host.ask(&[table(sql)], 0, 60_000).await?.pop().context("an answer")
}

/// The one value of a query's first row.
async fn value(host: &Host, sql: &str) -> Result<Value> {
    let answer = ask(host, sql).await?;
    ensure!(answer.error.is_none(), "{:?}", answer.error);
    let frame = answer.frames.first().context("a frame")?;
    let json: Value = serde_json::from_slice(&frame.to_json(&wellhead_frame::JsonOptions::default())?)?;
    Ok(json.pointer("/data/values/0/0").cloned().unwrap_or_default())
}

/// The message of a query's error.
async fn error(host: &Host, sql: &str) -> Result<String> {
    match ask(host, sql).await {
        Ok(answer) => Ok(answer.error.context("an error")?.message),
        Err(error) => Ok(format!("{error:#}")),
    }
}

/// Waits until the server answers so.
async fn until(server: &PostgreSql, sql: &str, expected: &str) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = server.ask(sql)?;
        if answer == expected {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{sql}: {answer:?} after {PATIENCE:?}, not {expected:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Statements of the plugin that run.
const RUNNING: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wellhead' AND state = 'active'";
/// Connections of the plugin.
const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wellhead'";
