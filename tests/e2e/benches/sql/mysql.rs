//! MariaDB. The peer is the plugin's own crate, compiled natively: the same protocol, decoding and frames, over sockets of
//! the operating system, which a thread of their own watches, as the host's does.

use crate::turns::{ROWS, in_turns, read_sandboxed};
use anyhow::Result;
use mysql::{MySql, QueryModel};
use serde_json::{Value, json};
use std::time::Duration;
use wellhead_e2e::host::{Host, wasm};
use wellhead_e2e::sql::table;
use wellhead_runtime::DataSourceSettings;
use wellhead_sdk::{DataQuery, DataSource, InstanceSettings, RequestContext, testing};
use wellhead_test_servers::MariaDb;

const SQL: &str = "SELECT t, v, i, s FROM entries";
const USER: &str = "root";
/// Longer than any round.
const BUDGET: Duration = Duration::from_secs(30);

pub(crate) async fn compare() -> Result<Value> {
    let server = MariaDb::start()?;
    server.ask(&format!(
        "CREATE TABLE entries (t DATETIME NOT NULL, v DOUBLE NOT NULL, i BIGINT NOT NULL, s VARCHAR(20) NOT NULL)
         AS SELECT '2024-01-01' + INTERVAL seq SECOND AS t, RAND() AS v, seq AS i, CONCAT('row ', seq) AS s
         FROM seq_1_to_{ROWS}"
    ))?;
    let address = format!("127.0.0.1:{}", server.port());
    let native = native(&address)?;
    let settings = DataSourceSettings {
        url: address,
        user: USER.to_owned(),
        database: "test".to_owned(),
        ..DataSourceSettings::default()
    };
    let host = Host::start_with(&wasm("mysql")?, settings).await?;
    let compared = in_turns(async || read_natively(&native), async || read_sandboxed(&host, SQL).await).await?;
    Ok(compared.print("MariaDB", "the plugin, natively", 1.25))
}

fn native(address: &str) -> Result<MySql> {
    testing::endpoint("server", address);
    let settings = InstanceSettings::<()> {
        url: address.to_owned(),
        user: USER.to_owned(),
        database: "test".to_owned(),
        ..InstanceSettings::default()
    };
    Ok(MySql::configure(settings.with_json_data(serde_json::from_value(json!({}))?))?)
}

fn read_natively(plugin: &MySql) -> Result<usize> {
    let model: QueryModel = serde_json::from_value(table(SQL))?;
    let query = DataQuery { ref_id: "A".to_owned(), model, ..DataQuery::default() };
    let frames = testing::block_on(async {
        let context = RequestContext::new(1, BUDGET);
        plugin.query(&context, query).await?.collect().await
    })?;
    Ok(frames.iter().map(|frame| frame.num_rows()).sum())
}
