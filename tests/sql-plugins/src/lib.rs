//! What the tests of SQL plugins share: a data source before a real server, asked natively as the host asks it, and its
//! answers as Grafana's JSON. What a plugin's settings are is left to its own tests.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "it is part of tests")]

mod goldens;

use serde_json::{Value, json};
use std::time::Duration;
use wellhead_frame::JsonOptions;
use wellhead_sdk::frame::{Frame, Timestamp};
use wellhead_sdk::{DataQuery, DataSource, Error, QueryResult, RequestContext, ResourceRequest, Resources, TimeRange};

pub use goldens::goldens;

/// Long enough for a machine that is busy with other tests.
pub const BUDGET: Duration = Duration::from_secs(60);

/// A plugin with the server that it is for.
pub trait Subject {
    /// The server.
    type Server;
    /// The plugin.
    type Plugin: DataSource + Resources;

    /// A server of its own.
    fn server() -> Self::Server;

    /// A data source before it, for somebody who may do all.
    fn plugin(server: &Self::Server, json_data: Value) -> Result<Self::Plugin, Error>;
}

/// A server, and the data source that has it.
pub struct Source<S: Subject> {
    /// The server.
    pub server: S::Server,
    /// The data source.
    pub plugin: S::Plugin,
}

impl<S: Subject> Source<S> {
    /// A new server, and settings without anything special.
    pub fn start() -> Self {
        Self::with(S::server(), json!({}))
    }

    /// A data source with settings of its own.
    pub fn with(server: S::Server, json_data: Value) -> Self {
        let plugin = S::plugin(&server, json_data).unwrap();
        Self { server, plugin }
    }

    /// Asks with a model.
    pub async fn ask(&self, model: Value) -> Result<QueryResult, Error> {
        self.plugin.query(&RequestContext::new(1, BUDGET), query(serde_json::from_value(model).unwrap())).await
    }

    /// Asks for a table, and gives its frame as Grafana's JSON.
    pub async fn table(&self, sql: &str) -> Result<Value, Error> {
        let frames = self.ask(json!({"rawSql": sql, "format": "table"})).await?.collect().await?;
        assert_eq!(frames.len(), 1, "{sql}");
        Ok(shown(&frames[0]))
    }

    /// The one value of a table's first row.
    pub async fn value(&self, sql: &str) -> Value {
        self.table(sql).await.unwrap()["data"]["values"][0][0].clone()
    }

    /// The error of a query.
    pub async fn error(&self, model: Value) -> Error {
        let collected = match self.ask(model.clone()).await {
            Ok(result) => result.collect().await,
            Err(error) => Err(error),
        };
        match collected {
            Err(error) => error,
            Ok(frames) => panic!("{model}: {frames:?}"),
        }
    }

    /// The document of a resource.
    pub async fn resource(&self, method: &str, path: &str, query: &str, body: &Value) -> Result<Value, Error> {
        let request = ResourceRequest {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Default::default(),
            body: body.to_string().into_bytes().into(),
        };
        let response = self.plugin.call_resource(&RequestContext::new(1, BUDGET), request).await?;
        let body = response.body.collect(1 << 20).await?;
        Ok(serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

/// A query over the time range of Grafana's own tests: 2023-12-24T14:15:22.000123456Z to 14:45:13.000876543Z.
pub fn query<Q>(model: Q) -> DataQuery<Q> {
    let time_range = TimeRange {
        from: Timestamp::from_nanos(1_703_427_322_000_123_456),
        to: Timestamp::from_nanos(1_703_429_113_000_876_543),
    };
    DataQuery {
        ref_id: "A".to_owned(),
        query_type: String::new(),
        max_data_points: 0,
        interval_ms: 1_000,
        time_range,
        model,
    }
}

/// A frame as Grafana's JSON.
pub fn shown(frame: &Frame) -> Value {
    serde_json::from_slice(&frame.to_json(&JsonOptions::default()).unwrap()).unwrap()
}
