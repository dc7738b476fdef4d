//! Ways to ask the host in its own process.

use super::tally::Kind;
use crate::host::{HEALTHY, SOAKED};
use anyhow::{Context, Result, ensure};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use serde_json::{Value, json};
use std::time::Duration;
use wellhead::{QueryRequest, Wellhead};

/// One client's way.
pub(crate) trait Asker: Send + 'static {
    fn kind(&self) -> Kind;

    /// Asks for an answer after `wait`: which build of the plugin gave it, where it is the plugin that is replaced.
    fn ask(&mut self, wait: Duration) -> impl Future<Output = Result<Option<u32>>> + Send;
}

/// Asks the plugin that is replaced, through the library.
pub(crate) struct Library(pub(crate) Wellhead);

impl Asker for Library {
    fn kind(&self) -> Kind {
        Kind::Library
    }

    async fn ask(&mut self, wait: Duration) -> Result<Option<u32>> {
        let request = QueryRequest::over("now-1h", "now")?.query(SOAKED, model(wait))?;
        let results = self.0.query_data(request).await?;
        let frame = results.frames("A")?.first().context("no frame")?;
        ensure!(frame.num_rows() == 1, "{} rows", frame.num_rows());
        let batch = frame.batches().iter().find(|batch| batch.num_rows() == 1).context("no batch")?;
        let builds = batch.columns().first().and_then(|column| column.as_primitive_opt::<Int64Type>());
        let build = builds.and_then(|builds| builds.values().first().copied()).context("no build in the answer")?;
        Ok(Some(u32::try_from(build)?))
    }
}

/// Asks the plugin that nobody touches.
pub(crate) struct Healthy(pub(crate) Wellhead);

impl Asker for Healthy {
    fn kind(&self) -> Kind {
        Kind::Healthy
    }

    async fn ask(&mut self, _: Duration) -> Result<Option<u32>> {
        let model = json!({ "scenarioId": "random_walk" });
        let request = QueryRequest::over("now-1h", "now")?.query(HEALTHY, model)?;
        let results = self.0.query_data(request).await?;
        ensure!(!results.frames("A")?.is_empty(), "no frame");
        Ok(None)
    }
}

/// A query of the plugin that is replaced.
pub(super) fn model(wait: Duration) -> Value {
    json!({ "refId": "A", "waitMs": u64::try_from(wait.as_millis()).unwrap_or_default() })
}
