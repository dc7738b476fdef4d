//! A server, a data source, and what it answers.

use mysql::{MySql, QueryModel};
use serde_json::{Value, json};
use std::time::Duration;
use wellhead_frame::JsonOptions;
use wellhead_sdk::frame::{Frame, Timestamp};
use wellhead_sdk::{
    DataQuery, DataSource, Error, InstanceSettings, QueryResult, RequestContext, Secrets, TimeRange, testing,
};
use wellhead_test_servers::MariaDb;

/// Long enough for a machine that is busy with other tests.
pub(crate) const BUDGET: Duration = Duration::from_secs(60);

/// Who may do all, without a password.
const USER: &str = "root";

/// A server, and the data source that has it.
pub(crate) struct Source {
    pub(crate) server: MariaDb,
    pub(crate) plugin: MySql,
}

impl Source {
    pub(crate) fn start() -> Self {
        Self::with(MariaDb::start().unwrap(), json!({}))
    }

    pub(crate) fn with(server: MariaDb, json_data: Value) -> Self {
        let plugin = plugin(&server, USER, "", json_data).unwrap();
        Self { server, plugin }
    }

    /// Asks with a model.
    pub(crate) async fn ask(&self, model: Value) -> Result<QueryResult, Error> {
        let model: QueryModel = serde_json::from_value(model).unwrap();
        self.plugin.query(&RequestContext::new(1, BUDGET), query(model)).await
    }

    /// Asks for a table, and gives its frame as Grafana's JSON.
    pub(crate) async fn table(&self, sql: &str) -> Result<Value, Error> {
        let result = self.ask(json!({"rawSql": sql, "format": "table"})).await?;
        let frames = result.collect().await?;
        assert_eq!(frames.len(), 1, "{sql}");
        Ok(shown(&frames[0]))
    }

    /// The one value of a table's first row.
    pub(crate) async fn value(&self, sql: &str) -> Value {
        self.table(sql).await.unwrap()["data"]["values"][0][0].clone()
    }

    /// The error of a query.
    pub(crate) async fn error(&self, model: Value) -> Error {
        let result = self.ask(model.clone()).await;
        match result {
            Err(error) => error,
            Ok(result) => match result.collect().await {
                Err(error) => error,
                Ok(frames) => panic!("{model}: {frames:?}"),
            },
        }
    }
}

/// A data source before a server.
pub(crate) fn plugin(server: &MariaDb, user: &str, password: &str, json_data: Value) -> Result<MySql, Error> {
    at(server.port(), user, password, json_data)
}

/// A data source before whatever listens there.
pub(crate) fn at(port: u16, user: &str, password: &str, json_data: Value) -> Result<MySql, Error> {
    let address = format!("127.0.0.1:{port}");
    testing::endpoint("server", &address);
    let mut json_data = json_data;
    json_data.as_object_mut().unwrap().entry("database").or_insert(json!("test"));
    let settings = InstanceSettings::<()> {
        url: address,
        user: user.to_owned(),
        secrets: Secrets::from_iter([("password".to_owned(), password.to_owned())]),
        ..InstanceSettings::default()
    };
    MySql::configure(settings.with_json_data(serde_json::from_value(json_data).unwrap()))
}

/// A frame as Grafana's JSON.
pub(crate) fn shown(frame: &Frame) -> Value {
    serde_json::from_slice(&frame.to_json(&JsonOptions::default()).unwrap()).unwrap()
}

/// A query over the time range of Grafana's own tests.
pub(crate) fn query(model: QueryModel) -> DataQuery<QueryModel> {
    // 2023-12-24T14:15:22.000123456Z to 14:45:13.000876543Z.
    let time_range = TimeRange {
        from: Timestamp::from_nanos(1_703_427_322_000_123_456),
        to: Timestamp::from_nanos(1_703_429_113_000_876_543),
    };
    DataQuery { ref_id: "A".to_owned(), time_range, interval_ms: 1_000, model, ..DataQuery::default() }
}
