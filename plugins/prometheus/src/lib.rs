//! Prometheus as a Wellhead data source: PromQL in, the frames of Grafana's own plugin out.
//!
//! A query goes through four modules: [`query`] works out what to ask, [`upstream`] asks, [`answer`] reads what comes
//! back into columns, [`frames`] gives them Grafana's names and metadata. [`resource`] and [`health`] serve editors and
//! operators. The modules are public for tests; what a host uses is the component.

pub mod answer;
pub mod frames;
pub mod health;
pub mod query;
pub mod resource;
pub mod run;
pub mod settings;
pub mod upstream;

use query::{Query, QueryContext, QueryModel};
use resource::Asked;
use run::{Outcome, run};
use settings::{JsonData, Settings};
use upstream::Upstream;
use wellhead_sdk::http::Http;
use wellhead_sdk::{
    DataQuery, DataSource, Error, Health, InstanceSettings, QueryResult, RequestContext, ResourceRequest,
    ResourceResponse, Resources,
};

/// Parameters sent as a form may be long selectors; this is far beyond the longest.
const MAX_FORM: usize = 1 << 20;

/// One configured Prometheus.
#[derive(Debug)]
pub struct Prometheus {
    upstream: Upstream,
    settings: Settings,
}

impl Prometheus {
    /// Answers a query with frames that are there.
    ///
    /// # Errors
    /// Only what is wrong with the query itself; what the server lacks is in the outcome.
    pub async fn answer(&self, ctx: &RequestContext, query: DataQuery<QueryModel>) -> Result<Outcome, Error> {
        let context = QueryContext {
            time_range: query.time_range,
            max_data_points: query.max_data_points,
            interval: query.interval(),
            scrape_interval: self.settings.scrape_interval,
        };
        let query = Query::new(query.model, context)
            .map_err(|error| Error::bad_request(format_args!("query.interval: {error}")))?;
        run(&self.upstream, &self.settings, ctx, &query).await
    }
}

impl DataSource for Prometheus {
    type Settings = JsonData;
    type Query = QueryModel;

    fn configure(settings: InstanceSettings<JsonData>) -> Result<Self, Error> {
        let http = Http::for_settings(&settings)?;
        let settings = Settings::try_from(settings.json_data)?;
        Ok(Self { upstream: Upstream::new(http, &settings), settings })
    }

    async fn query(&self, ctx: &RequestContext, query: DataQuery<QueryModel>) -> Result<QueryResult, Error> {
        self.answer(ctx, query).await.map(QueryResult::from)
    }

    async fn check_health(&self, ctx: &RequestContext) -> Result<Health, Error> {
        Ok(health::check(&self.upstream, ctx).await)
    }
}

impl Resources for Prometheus {
    async fn call_resource(&self, ctx: &RequestContext, request: ResourceRequest) -> Result<ResourceResponse, Error> {
        let ResourceRequest { method, path, query, body, .. } = request;
        let body = body.collect(MAX_FORM).await?;
        let asked = Asked { method: method.as_str(), path: &path, query: &query, body: &body };
        let answer = resource::answer(&self.upstream, self.settings.cache_level, ctx, asked).await?;
        Ok(ResourceResponse::new("application/json", answer.body).with_status(answer.status))
    }
}

wellhead_sdk::export!(Prometheus, "plugin.json", resources);
