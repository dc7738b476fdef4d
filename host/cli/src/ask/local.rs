//! Asking a plugin in this process: one file, one data source, no server. Nothing listens, and nothing is left behind
//! but the compiled plugin in the user's cache folder.

use super::{Request, SourceArgs};
use crate::answer::{Answer, Failure, limits};
use crate::commands::compile_component;
use crate::progress;
use anyhow::{Context, Result, anyhow, bail};
use futures::Stream;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use wellhead::{Caller, Channel, DataResponse, Frame, Limits, MemoryStore, QueryRequest, ResultLimits, Wellhead};

/// How long the plugin has to end by itself after the answer is there.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// A plugin and what it is told about its data source.
#[derive(Debug, clap::Args)]
pub(crate) struct LocalArgs {
    /// Plugin to run in this process, instead of asking a server
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    pub(crate) plugin: Option<PathBuf>,
    #[command(flatten)]
    source: SourceArgs,
}

/// A plugin that runs in this process.
pub(crate) struct Local {
    wellhead: Wellhead,
    uid: String,
    timeout: Duration,
}

impl Local {
    pub(crate) async fn new(args: &LocalArgs, timeout: Duration) -> Result<Self> {
        let plugin = args.plugin.as_ref().context("no plugin: name one with --plugin FILE")?;
        let store = Arc::new(MemoryStore::default());
        let mut builder = Wellhead::builder()
            .plugin_file(plugin)
            .shared_store(store.clone())
            .compile_in_child(compile_component::command())
            .limits(Limits { call_deadline: timeout, ..Limits::default() });
        if let Some(folder) = compile_cache() {
            builder = builder.compile_cache(folder);
        }
        let compiling = progress::shown(format!("Compiling {}", plugin.display()));
        let wellhead = builder.build().await?;
        drop(compiling);
        let Some(record) = wellhead.plugins().list().into_iter().next() else {
            bail!("{} is no plugin", plugin.display());
        };
        let source = args.source.data_source(&record.manifest)?;
        let uid = source.uid.clone();
        store.replace([source])?;
        Ok(Self { wellhead, uid, timeout })
    }

    pub(crate) async fn ask(self, request: Request) -> Result<Vec<Answer>> {
        let shown = progress::shown("Waiting for the answer");
        let answered = answers(&self.wellhead, &self.uid, request, self.timeout).await;
        drop(shown);
        self.shutdown().await;
        answered
    }

    /// The frames of a live channel as they come; `data` is JSON for the plugin, or empty.
    pub(crate) async fn frames(&self, path: &str, data: &str) -> Result<impl Stream<Item = Frame> + use<>> {
        let channel = Channel::in_org(1, &format!("ds/{}/{path}", self.uid))?;
        Ok(self.wellhead.live().subscribe(Arc::new(Caller::default()), &channel, data).await?.into_frames())
    }

    /// Ends the plugin.
    pub(crate) async fn shutdown(&self) {
        self.wellhead.shutdown(SHUTDOWN).await;
    }
}

/// What a data source of a host in this process answers.
pub(crate) async fn answers(
    wellhead: &Wellhead,
    uid: &str,
    request: Request,
    timeout: Duration,
) -> Result<Vec<Answer>> {
    let mut queries = QueryRequest::over(&request.from, &request.to)?;
    for query in request.queries {
        queries = queries.query(uid, Value::Object(query))?;
    }
    let bounds = ResultLimits { frame_rows: limits().max_rows, query_bytes: limits().max_bytes };
    let asked =
        async { anyhow::Ok(wellhead.service().query_data(&Caller::default(), queries).await?.collect(bounds).await) };
    let late = || anyhow!("no answer within {timeout:?}: ask for less, or give it longer with --timeout");
    let results = tokio::time::timeout(timeout, asked).await.map_err(|_| late())??;
    Ok(results.responses.into_values().map(Answer::from).collect())
}

impl From<DataResponse> for Answer {
    fn from(response: DataResponse) -> Self {
        let error = response
            .error
            .map(|error| Failure { source: Some(error.source_of_error.as_str().to_owned()), message: error.message });
        Self { ref_id: response.ref_id, status: response.status, error, frames: response.frames }
    }
}

/// The user's folder for what can be made again, as the XDG base directory specification names it.
pub(crate) fn compile_cache() -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let caches = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .and_then(absolute)
        .or_else(|| Some(absolute(std::env::home_dir()?)?.join(".cache")))?;
    Some(caches.join("wellhead").join("compiled"))
}
