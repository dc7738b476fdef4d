//! The plugin that `make bench-peers` asks, of Wellhead and of bare wasmtime alike: written as any author would.

use wellhead_peer_table::{mixed, series};
use wellhead_sdk::prelude::*;

struct Peer {
    /// Where the data source has a URL.
    http: Option<Http>,
}

#[derive(Deserialize)]
struct Query {
    table: Table,
    #[serde(default)]
    rows: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Table {
    Series,
    Mixed,
    /// One row, after the data source's URL has answered.
    Upstream,
}

impl DataSource for Peer {
    type Settings = serde_json::Value;
    type Query = Query;

    fn configure(settings: InstanceSettings<Self::Settings>) -> Result<Self, Error> {
        let http = if settings.url.is_empty() { None } else { Some(Http::for_settings(&settings)?) };
        Ok(Self { http })
    }

    async fn query(&self, ctx: &RequestContext, query: DataQuery<Query>) -> Result<QueryResult, Error> {
        let frame = match query.model.table {
            Table::Series => series(query.model.rows)?,
            Table::Mixed => mixed(query.model.rows)?,
            Table::Upstream => {
                let http = self.http.as_ref().ok_or_else(|| Error::plugin("the data source has no URL to ask"))?;
                http.get(ctx, "").send().await?.bytes().await?;
                series(1)?
            }
        };
        Ok(frame.into())
    }

    async fn check_health(&self, _: &RequestContext) -> Result<Health, Error> {
        Ok(Health::ok("fine"))
    }
}

wellhead_sdk::export!(Peer, "plugin.json");
