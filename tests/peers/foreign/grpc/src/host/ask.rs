//! What a call asks of a plugin, and what must come.

use crate::plugin::Plugin;
use anyhow::{Context, Result, ensure};
use peer_grpc::proto::check_health_response::HealthStatus;
use peer_grpc::proto::{
    CheckHealthRequest, DataQuery, DataSourceInstanceSettings, PluginContext, QueryDataRequest, QueryDataResponse,
    TimeRange, User,
};
use prost::bytes::Bytes;
use std::collections::HashMap;
use std::time::UNIX_EPOCH;
use wellhead_peer::{Call, Table};
use wellhead_peer_table::{mixed, series};

/// When a data source was changed last, in milliseconds since 1970.
const UPDATED: i64 = 1_700_000_000_000;

pub(crate) struct Ask {
    /// Of each data source.
    contexts: Vec<PluginContext>,
    /// None for a health check.
    queries: Vec<DataQuery>,
    /// Byte for byte what every query answers: the plugin makes it as it is made here.
    expected: Vec<u8>,
}

impl Ask {
    /// `call`, with so many queries in a request, of so many data sources by turns.
    pub(crate) fn new(call: &Call, queries: usize, sources: usize) -> Result<Self> {
        let model = |model: serde_json::Value| Some(Bytes::from(model.to_string()));
        let (model, url, expected) = match call {
            Call::Health => (None, "", Vec::new()),
            Call::Query { table, rows } => {
                let (name, frame) = match table {
                    Table::Series => ("series", series(*rows)),
                    Table::Mixed => ("mixed", mixed(*rows)),
                };
                (model(serde_json::json!({"table": name, "rows": rows})), "", frame?.to_ipc_stream()?)
            }
            Call::Upstream { url } => {
                (model(serde_json::json!({"table": "upstream"})), url.as_str(), series(1)?.to_ipc_stream()?)
            }
        };
        let query = |number: usize, json: &Bytes| DataQuery {
            ref_id: format!("Q{number}"),
            query_type: String::new(),
            max_data_points: 1_000,
            interval_ms: 15_000,
            time_range: Some(TimeRange { from_epoch_ms: 1_700_000_000_000, to_epoch_ms: 1_700_003_600_000 }),
            json: json.clone(),
        };
        let queries = model.iter().flat_map(|json| (0..queries.max(1)).map(|number| query(number, json))).collect();
        // Where there is a URL, it may be another than before.
        let updated = if url.is_empty() { UPDATED } else { i64::try_from(UNIX_EPOCH.elapsed()?.as_millis())? };
        let contexts = (0..sources.max(1)).map(|source| context(source, url, updated)).collect();
        Ok(Self { contexts, queries, expected })
    }

    /// One call, by its number. The bytes of the frames that came.
    pub(crate) async fn of(&self, plugin: &Plugin, number: usize) -> Result<u64> {
        if self.queries.is_empty() {
            self.health(plugin, number).await?;
            return Ok(0);
        }
        let answer = self.query(plugin, number).await?;
        let mut bytes = 0;
        for frame in self.frames(&answer)? {
            ensure!(
                frame.len() == self.expected.len(),
                "{} bytes came instead of {}",
                frame.len(),
                self.expected.len()
            );
            bytes += frame.len() as u64;
        }
        Ok(bytes)
    }

    /// Asks, and looks at all that comes.
    pub(crate) async fn check(&self, plugin: &Plugin) -> Result<()> {
        if self.queries.is_empty() {
            return self.health(plugin, 0).await;
        }
        let answer = self.query(plugin, 0).await?;
        for frame in self.frames(&answer)? {
            ensure!(*frame == self.expected, "the plugin's answer is not the table that was asked for");
        }
        Ok(())
    }

    async fn health(&self, plugin: &Plugin, number: usize) -> Result<()> {
        let request = CheckHealthRequest { plugin_context: Some(self.context(number)?), headers: HashMap::new() };
        let answer = plugin.diagnostics.clone().check_health(request).await?.into_inner();
        ensure!(answer.status() == HealthStatus::Ok, "the plugin is not well: {}", answer.message);
        Ok(())
    }

    async fn query(&self, plugin: &Plugin, number: usize) -> Result<QueryDataResponse> {
        let request = QueryDataRequest {
            plugin_context: Some(self.context(number)?),
            headers: HashMap::new(),
            queries: self.queries.clone(),
        };
        Ok(plugin.data.clone().query_data(request).await?.into_inner())
    }

    fn context(&self, number: usize) -> Result<PluginContext> {
        self.contexts.get(number % self.contexts.len()).cloned().context("no data source")
    }

    /// One of each query.
    fn frames<'a>(&self, answer: &'a QueryDataResponse) -> Result<Vec<&'a Bytes>> {
        let one = |query: &DataQuery| -> Result<&'a Bytes> {
            let response = answer.responses.get(&query.ref_id).context("a query without its answer")?;
            ensure!(response.error.is_empty(), "a query failed: {}", response.error);
            response.frames.first().context("an answer without its frame")
        };
        self.queries.iter().map(one).collect()
    }
}

/// Of a data source, with what they have in Grafana.
fn context(source: usize, url: &str, updated: i64) -> PluginContext {
    let user = User {
        login: "ada".to_owned(),
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        role: "Viewer".to_owned(),
    };
    let settings = DataSourceInstanceSettings {
        id: i64::try_from(source).unwrap_or_default() + 1,
        uid: format!("source-{source}"),
        name: format!("Source {source}"),
        url: url.to_owned(),
        json_data: Bytes::from_static(br#"{"httpMethod":"POST"}"#),
        last_updated_ms: updated,
        ..DataSourceInstanceSettings::default()
    };
    PluginContext {
        org_id: 1,
        plugin_id: "wellhead-peer-datasource".to_owned(),
        user: Some(user),
        data_source_instance_settings: Some(settings),
        plugin_version: "0.1.0".to_owned(),
        user_agent: "Grafana/12.0.0".to_owned(),
    }
}
