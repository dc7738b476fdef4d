//! A host by the embedding API: data sources come out of its store, and requests are read as an embedder's are.

use crate::Setup;
use anyhow::{Result, anyhow, bail, ensure};
use serde_json::{Map, Value};
use std::time::Duration;
use wellhead::{DataSource, HealthStatus, MemoryStore, QueryRequest, Wellhead};
use wellhead_peer::{Answer, Call, drive};
use wellhead_peers::{EMPTY, PLUGIN, model, uid};

/// How many are opened at once.
const OPENED_AT_ONCE: usize = 16;

pub(crate) struct Embedded {
    wellhead: Wellhead,
    sources: usize,
}

impl Embedded {
    /// `configured` data sources, of which the first `sources` have answered once.
    pub(crate) async fn new(setup: &Setup, configured: usize, sources: usize) -> Result<Self> {
        ensure!(sources <= configured, "{sources} data sources are asked, {configured} are configured");
        let all = (0..configured).map(|number| DataSource::new(uid(number), uid(number), PLUGIN));
        let builder = Wellhead::builder().plugin_file(setup.files.guest()).store(MemoryStore::new(all)?);
        let builder = builder.limits(setup.limits()).compile_cache(setup.files.cache());
        let wellhead = builder.compile_in_child(Setup::worker()).build().await?;
        let embedded = Self { wellhead, sources: sources.max(1) };
        embedded.calls(&EMPTY, 1, embedded.sources, OPENED_AT_ONCE).await?;
        Ok(embedded)
    }

    /// Whether so many are asked.
    pub(crate) fn is(&self, sources: usize) -> bool {
        self.sources == sources.max(1)
    }

    pub(crate) async fn calls(&self, call: &Call, queries: usize, calls: usize, in_flight: usize) -> Result<Answer> {
        drive(calls, in_flight, async |number| self.call(call, queries.max(1), &uid(number % self.sources)).await).await
    }

    pub(crate) async fn end(self) {
        self.wellhead.shutdown(Duration::from_secs(5)).await;
    }

    async fn call(&self, call: &Call, queries: usize, uid: &str) -> Result<u64> {
        let rows = match call {
            Call::Health => {
                let health = self.wellhead.check_health(uid).await?;
                ensure!(health.status == HealthStatus::Ok, "it is not well: {}", health.message);
                return Ok(0);
            }
            Call::Query { rows, .. } => *rows,
            Call::Upstream { .. } => bail!("its data sources have no URL"),
        };
        let mut request = QueryRequest::over("now-1h", "now")?;
        for number in 0..queries {
            let mut query: Map<String, Value> = serde_json::from_str(&model(call))?;
            query.insert("refId".to_owned(), format!("Q{number}").into());
            request = request.query(uid, Value::Object(query))?;
        }
        let results = self.wellhead.query_data(request).await?;
        for number in 0..queries {
            let frames = results.frames(&format!("Q{number}")).map_err(|error| anyhow!("{}", error.message))?;
            let came: usize = frames.iter().map(|frame| frame.num_rows()).sum();
            ensure!(came == rows, "{came} rows, {rows} were asked for");
        }
        Ok(0)
    }
}
