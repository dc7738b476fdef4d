//! The test data source: data made up on the spot, the scenarios and query keys those of Grafana's plugin of the same id.
//! Everything is deterministic: the same query gives the same frames, and a stream the same values. It needs no upstream.

mod duration;
mod query;
mod resources;
mod rfc3339;
mod rng;
mod scenarios;
mod series;
mod streams;

use serde::de::IgnoredAny;
use wellhead_sdk::prelude::*;

use query::Query;

struct TestData {
    uid: String,
}

impl DataSource for TestData {
    type Settings = IgnoredAny;
    type Query = Query;

    fn configure(settings: InstanceSettings<IgnoredAny>) -> Result<Self, Error> {
        Ok(Self { uid: settings.uid })
    }

    async fn query(&self, ctx: &RequestContext, query: DataQuery<Query>) -> Result<QueryResult, Error> {
        scenarios::answer(ctx, &self.uid, query).await
    }

    async fn check_health(&self, _: &RequestContext) -> Result<Health, Error> {
        Ok(Health::ok("Data source is working"))
    }
}

impl Resources for TestData {
    async fn call_resource(&self, _: &RequestContext, request: ResourceRequest) -> Result<ResourceResponse, Error> {
        resources::answer(request).await
    }
}

impl Streaming for TestData {
    async fn subscribe_stream(&self, _: &RequestContext, request: StreamRequest) -> Result<Subscribed, Error> {
        streams::subscribe(&request)
    }

    async fn run_stream(&self, _: &RequestContext, request: StreamRequest, sender: StreamSender) -> Result<(), Error> {
        streams::run(request, sender).await
    }

    async fn publish_stream(&self, _: &RequestContext, request: StreamRequest) -> Result<Published, Error> {
        Ok(streams::publish(&request))
    }
}

wellhead_sdk::export!(TestData, "plugin.json", resources, streaming);
