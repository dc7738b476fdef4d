//! ClickHouse as a Wellhead data source: SQL in, the frames of Grafana's own plugin out.
//!
//! The way to the server is its HTTP interface, through the host's client. A query goes through four modules: `server`
//! asks, in the format that the server knows (`mode`); `arrow` or `json` reads what comes, by ClickHouse's types
//! ([`kind`]); `rows` puts these in a row. Macros and Grafana's rules for frames are the SQL kit's.

mod arrow;
pub mod exception;
mod health;
mod instant;
mod json;
pub mod kind;
mod mode;
mod parameter;
mod progress;
mod resource;
mod rows;
mod running;
mod server;
pub mod settings;
mod statement;

use rows::Rows;
use serde::Deserialize;
use serde_json::{Map, Value};
use server::Server;
use settings::{JsonData, Settings};
use std::rc::Rc;
use std::time::Duration;
use wellhead_sdk::{
    DataQuery, DataSource, Error, Health, InstanceSettings, QueryResult, RequestContext, ResourceRequest,
    ResourceResponse, Resources,
};
use wellhead_sql::{AnswerOptions, Dialect, SqlQuery, answer, failed};

/// One configured ClickHouse.
#[derive(Debug)]
pub struct ClickHouse {
    server: Rc<Server>,
    /// The smallest `$__interval`.
    min_interval: Option<Duration>,
}

/// A query's model.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct QueryModel {
    /// What all SQL queries have.
    #[serde(flatten)]
    pub sql: SqlQuery,
    /// Values for `{name:Type}`, by name.
    #[serde(default)]
    pub params: Map<String, Value>,
}

impl DataSource for ClickHouse {
    type Settings = JsonData;
    type Query = QueryModel;

    fn configure(settings: InstanceSettings<JsonData>) -> Result<Self, Error> {
        let min_interval = settings.json_data.sql.min_interval()?;
        let checked = Settings::new(&settings)?;
        let http = settings::client(&settings, &checked)?;
        Ok(Self { server: Rc::new(Server::new(http, checked)), min_interval })
    }

    async fn query(&self, ctx: &RequestContext, query: DataQuery<QueryModel>) -> Result<QueryResult, Error> {
        let QueryModel { sql, params } = query.model.clone();
        if sql.is_empty() {
            return Ok(QueryResult::empty());
        }
        let query = query.with_model(sql);
        let row_limit = self.server.settings.row_limit;
        let options = match AnswerOptions::of_query(Dialect::ClickHouse, &query, self.min_interval, row_limit) {
            Ok(options) => options,
            Err(error) => return Ok(failed(&query.model.raw_sql, error)),
        };
        let executed = options.executed.clone();
        let answered = self.run(ctx, options, &params).await;
        Ok(answered.unwrap_or_else(|error| failed(&executed, error)))
    }

    async fn check_health(&self, ctx: &RequestContext) -> Result<Health, Error> {
        Ok(health::check(&self.server, ctx).await)
    }
}

impl ClickHouse {
    async fn run(
        &self,
        ctx: &RequestContext,
        mut options: AnswerOptions,
        params: &Map<String, Value>,
    ) -> Result<QueryResult, Error> {
        statement::check_format(&options.executed)?;
        let rows = Rows::begin(&self.server, ctx, &options.executed, &parameter::pairs(params)).await?;
        options.stats = rows.stats();
        Ok(answer(options, rows.schema(), rows.batches()).await)
    }
}

impl Resources for ClickHouse {
    async fn call_resource(&self, ctx: &RequestContext, request: ResourceRequest) -> Result<ResourceResponse, Error> {
        resource::answer(&self.server, ctx, request).await
    }
}

wellhead_sdk::export!(ClickHouse, "plugin.json", resources);
