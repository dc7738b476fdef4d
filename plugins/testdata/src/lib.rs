//! The test data source: data made up on the spot, the scenarios and query keys those of Grafana's plugin of the same id.
//! Everything is deterministic: the same query gives the same frames. It needs no upstream.

mod duration;
mod query;
mod resources;
mod rfc3339;
mod rng;
mod scenarios;
mod series;

use serde::de::IgnoredAny;
use wellhead_sdk::prelude::*;

use query::Query;

struct TestData;

impl DataSource for TestData {
    type Settings = IgnoredAny;
    type Query = Query;

    fn configure(_: InstanceSettings<IgnoredAny>) -> Result<Self, Error> {
        Ok(Self)
    }

    async fn query(&self, ctx: &RequestContext, query: DataQuery<Query>) -> Result<QueryResult, Error> {
        scenarios::answer(ctx, query).await
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

wellhead_sdk::export!(TestData, "plugin.json", resources);
