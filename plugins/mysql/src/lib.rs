//! MySQL and MariaDB as a Wellhead data source: SQL in, the frames of Grafana's own plugin out.
//!
//! The protocol is spoken here, over connections that the host dials: `protocol` has its packets and `login` the way in.
//! A query goes through three modules: `session` runs a statement, `rows` reads what comes into columns ([`decode`]),
//! `script` puts these in a row; macros, Grafana's rules for frames and the pool are the SQL kit's.

mod cancel;
pub mod decode;
mod error;
mod footprint;
mod health;
mod login;
mod parameter;
mod plan;
mod protocol;
mod resource;
mod restricted;
mod rows;
mod script;
mod server;
mod session;
pub mod settings;

use arrow_schema::Schema;
use futures::stream;
use script::Script;
use serde::Deserialize;
use serde_json::Value;
use server::{Lease, Login, Server};
use settings::{JsonData, Settings};
use std::sync::Arc;
use std::time::Duration;
use wellhead_sdk::{
    DataQuery, DataSource, Error, Health, InstanceSettings, QueryResult, RequestContext, ResourceRequest,
    ResourceResponse, Resources,
};
use wellhead_sql::pool::PoolConfig;
use wellhead_sql::{AnswerOptions, SqlQuery, Statement, answer, failed};

/// One configured MySQL or MariaDB.
pub struct MySql {
    server: Server,
    settings: Settings,
    /// The smallest `$__interval`.
    min_interval: Option<Duration>,
}

/// A query's model.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct QueryModel {
    /// What all SQL queries have.
    #[serde(flatten)]
    pub sql: SqlQuery,
    /// Values for the `?`, in order.
    #[serde(default)]
    pub params: Vec<Value>,
}

impl DataSource for MySql {
    type Settings = JsonData;
    type Query = QueryModel;

    fn configure(settings: InstanceSettings<JsonData>) -> Result<Self, Error> {
        let min_interval = settings.json_data.sql.min_interval()?;
        // Nobody listens on an idle connection: that the server has ended it is found out by asking, each time.
        let pool = PoolConfig { check_after: Duration::ZERO, ..PoolConfig::of(&settings.json_data.sql) };
        let password = settings.secrets.get("password").unwrap_or_default().to_owned();
        let settings = Settings::new(&settings)?;
        let server = Server::new(Login::new(settings.clone(), password), pool);
        Ok(Self { server, settings, min_interval })
    }

    async fn query(&self, ctx: &RequestContext, query: DataQuery<QueryModel>) -> Result<QueryResult, Error> {
        let QueryModel { sql, params } = query.model.clone();
        if sql.is_empty() {
            return Ok(QueryResult::empty());
        }
        let query = query.with_model(sql);
        let raw = &query.model.raw_sql;
        // First, because what is a name in it and what a string the server's sql_mode decides.
        let session = match self.server.acquire().await {
            Ok(session) => session,
            Err(error) => return Ok(failed(raw, error)),
        };
        let dialect = session.dialect();
        let options = match AnswerOptions::of_query(dialect, &query, self.min_interval, self.settings.row_limit) {
            Ok(options) => options,
            Err(error) => return Ok(failed(&query.model.raw_sql, error)),
        };
        let executed = options.executed.clone();
        if let Err(error) = restricted::check(dialect, &executed) {
            return Ok(failed(&executed, error));
        }
        let answered = run(session, options, params, ctx.remaining()).await;
        Ok(answered.unwrap_or_else(|error| failed(&executed, error)))
    }

    async fn check_health(&self, _: &RequestContext) -> Result<Health, Error> {
        health::check(&self.server, &self.settings).await
    }

    async fn shutdown(&self) {
        self.server.close().await;
    }
}

async fn run(
    session: Lease,
    options: AnswerOptions,
    params: Vec<Value>,
    timeout: Duration,
) -> Result<QueryResult, Error> {
    let statements = Statement::all(options.dialect, &options.executed);
    let mut script = Script::new(session, statements, params, timeout)?;
    Ok(match script.begin().await? {
        Some(schema) => answer(options, schema.clone(), script.batches(schema)).await,
        None => answer(options, Arc::new(Schema::empty()), stream::empty()).await,
    })
}

impl Resources for MySql {
    async fn call_resource(&self, ctx: &RequestContext, request: ResourceRequest) -> Result<ResourceResponse, Error> {
        resource::answer(&self.server, ctx, request).await
    }
}

wellhead_sdk::export!(MySql, "plugin.json", resources);
