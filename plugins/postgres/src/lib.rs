//! PostgreSQL as a Wellhead data source: SQL in, the frames of Grafana's own plugin out.
//!
//! The protocol is `tokio-postgres`'s, over connections that the host dials. A query goes through three modules:
//! `session` runs a statement, `rows` reads what comes into columns ([`decode`]), `script` puts these in a row; macros, Grafana's rules for frames and the pool are the SQL kit's.

mod cancel;
pub mod decode;
mod error;
mod health;
mod life;
mod parameter;
mod plain;
mod prepared;
mod resource;
mod rows;
mod script;
mod server;
mod session;
pub mod settings;
mod way;

use arrow_schema::Schema;
use futures::stream;
use parameter::Parameter;
use script::Script;
use serde::Deserialize;
use serde_json::Value;
use server::{Login, Server};
use settings::{JsonData, Settings};
use std::sync::Arc;
use std::time::Duration;
use wellhead_sdk::{
    DataQuery, DataSource, Error, Health, InstanceSettings, QueryResult, RequestContext, ResourceRequest,
    ResourceResponse, Resources,
};
use wellhead_sql::pool::PoolConfig;
use wellhead_sql::{AnswerOptions, Dialect, SqlQuery, answer, failed};

/// One configured PostgreSQL.
pub struct Postgres {
    server: Server,
    settings: Settings,
    dialect: Dialect,
    /// The smallest `$__interval`.
    min_interval: Option<Duration>,
}

/// A query's model.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct QueryModel {
    /// What all SQL queries have.
    #[serde(flatten)]
    pub sql: SqlQuery,
    /// Values for `$1`, `$2`…
    #[serde(default)]
    pub params: Vec<Value>,
}

impl DataSource for Postgres {
    type Settings = JsonData;
    type Query = QueryModel;

    fn configure(settings: InstanceSettings<JsonData>) -> Result<Self, Error> {
        let min_interval = settings.json_data.sql.min_interval()?;
        let pool = PoolConfig::of(&settings.json_data.sql);
        let password = settings.secrets.get("password").unwrap_or_default().to_owned();
        let settings = Settings::new(&settings)?;
        let dialect = Dialect::Postgres { timescaledb: settings.timescaledb };
        let server = Server::new(Login { settings: settings.clone(), password }, pool);
        Ok(Self { server, settings, dialect, min_interval })
    }

    async fn query(&self, ctx: &RequestContext, query: DataQuery<QueryModel>) -> Result<QueryResult, Error> {
        let QueryModel { sql, params } = query.model.clone();
        if sql.is_empty() {
            return Ok(QueryResult::empty());
        }
        let query = query.with_model(sql);
        let options = match AnswerOptions::of_query(self.dialect, &query, self.min_interval, self.settings.row_limit) {
            Ok(options) => options,
            Err(error) => return Ok(failed(&query.model.raw_sql, error)),
        };
        let executed = options.executed.clone();
        let answered = self.run(ctx, options, &params).await;
        Ok(answered.unwrap_or_else(|error| failed(&executed, error)))
    }

    async fn check_health(&self, _: &RequestContext) -> Result<Health, Error> {
        health::check(&self.server, &self.settings).await
    }

    async fn shutdown(&self) {
        self.server.close().await;
    }
}

impl Postgres {
    async fn run(&self, ctx: &RequestContext, options: AnswerOptions, params: &[Value]) -> Result<QueryResult, Error> {
        let statements = script::statements(options.dialect, &options.executed)?;
        let parameters = params.iter().map(Parameter::from).collect();
        let session = self.server.acquire().await?;
        let mut script = Script::new(session, statements, parameters, ctx.remaining())?;
        Ok(match script.begin().await? {
            Some(schema) => answer(options, schema.clone(), script.batches(schema)).await,
            None => answer(options, Arc::new(Schema::empty()), stream::empty()).await,
        })
    }
}

impl Resources for Postgres {
    async fn call_resource(&self, ctx: &RequestContext, request: ResourceRequest) -> Result<ResourceResponse, Error> {
        resource::answer(&self.server, self.dialect, ctx, request).await
    }
}

wellhead_sdk::export!(Postgres, "plugin.json", resources);
