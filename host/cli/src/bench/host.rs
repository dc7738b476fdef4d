//! A host in this process with one plugin, and data sources of it that are all alike.

use crate::ask::Request;
use crate::commands::compile_component;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wellhead::{
    Caller, DataSource, GuestProfile, MemoryStore, PluginChange, PluginEvents, QueryRequest, ResultLimits, Wellhead,
    WellheadBuilder,
};
use wellhead_component::PluginFile;

/// How long the plugin has to end by itself.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// How long one answer may take before there is nothing to measure.
const PATIENCE: Duration = Duration::from_secs(60);

/// Data sources beside the first, to see what one more costs.
pub(super) const MORE: usize = 24;

pub(super) struct BenchHost {
    pub(super) asker: Asker,
    /// What happens to the plugin from its first moment on.
    pub(super) events: PluginEvents,
    /// When it began.
    pub(super) began: Instant,
}

/// Asks the host's data sources, always the same.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) wellhead: Wellhead,
    request: Arc<Request>,
    uid: String,
}

/// A folder for compiled code that goes with the measurement: the user's cache stays as it is.
pub(super) fn temporary_cache() -> Result<TempDir> {
    tempfile::tempdir().context("cannot make a temporary folder")
}

/// A host that compiles as `wellhead query --plugin` does, without a plugin yet.
pub(super) fn builder(cache: &Path) -> WellheadBuilder {
    Wellhead::builder().compile_cache(cache).compile_in_child(compile_component::command())
}

/// Loads the plugin into a running host; it is then compiled in the background.
pub(super) async fn load(wellhead: &Wellhead, file: &PluginFile) -> Result<()> {
    let sidecar = file.sidecar.as_ref().map(|(_, manifest)| manifest.as_slice());
    wellhead.runtime().load_bytes(&file.path.display().to_string(), &file.wasm, sidecar).await?;
    Ok(())
}

/// Waits until the plugin is compiled.
pub(super) async fn compiled(events: &mut PluginEvents) -> Result<Duration> {
    while let Some(event) = events.next().await {
        match &event.change {
            PluginChange::Ready { compile, .. } => return Ok(*compile),
            PluginChange::Rejected { reason, .. } => bail!("{reason}"),
            _ => {}
        }
    }
    bail!("the host ended before the plugin was compiled")
}

impl BenchHost {
    pub(super) async fn new(
        file: &PluginFile,
        source: &DataSource,
        request: &Request,
        cache: &Path,
        profile: Option<GuestProfile>,
    ) -> Result<Self> {
        let store = MemoryStore::default();
        let more = (1..=MORE).map(|number| {
            let mut more = source.clone();
            more.uid = uid_of(&source.uid, number);
            more.name = format!("{} {number}", source.name);
            more
        });
        store.replace([source.clone()].into_iter().chain(more))?;
        let mut builder = builder(cache).store(store);
        if let Some(profile) = profile {
            builder = builder.guest_profile(profile);
        }
        let wellhead = builder.build().await?;
        let events = wellhead.events();
        let began = Instant::now();
        load(&wellhead, file).await?;
        let asker = Asker { wellhead, request: Arc::new(request.clone()), uid: source.uid.clone() };
        Ok(Self { asker, events, began })
    }

    pub(super) async fn shutdown(&self) {
        end(&self.asker.wellhead).await;
    }
}

impl Asker {
    /// Asks the first data source, or one of those beside it, by number. The answer is read to its end; the error is the
    /// first query's that failed.
    pub(super) async fn ask(&self, data_source: usize) -> Result<()> {
        let uid = if data_source == 0 { self.uid.clone() } else { uid_of(&self.uid, data_source) };
        let mut queries = QueryRequest::over(&self.request.from, &self.request.to)?;
        for query in &self.request.queries {
            queries = queries.query(&uid, Value::Object(query.clone()))?;
        }
        let asked = async {
            let replies = self.wellhead.service().query_data(&Caller::default(), queries).await?;
            anyhow::Ok(replies.collect(ResultLimits::default()).await)
        };
        let late = || format!("no answer within {PATIENCE:?}");
        let results = tokio::time::timeout(PATIENCE, asked).await.with_context(late)??;
        match results.responses.into_values().find_map(|response| response.error) {
            Some(error) => bail!("{}", error.message),
            None => Ok(()),
        }
    }
}

fn uid_of(uid: &str, number: usize) -> String {
    format!("{uid}-{number}")
}

/// For those that load a plugin and ask it nothing.
pub(super) async fn end(wellhead: &Wellhead) {
    wellhead.shutdown(SHUTDOWN).await;
}
