//! The host that a plugin is tried in: this process, with one plugin, one data source in memory, and the HTTP API on
//! loopback. It loads builds as every host loads a changed file: a bad one changes nothing.

use super::sample_api::SampleApi;
use super::settings::Settings;
use crate::answer::Answer;
use crate::ask;
use anyhow::{Context, Result, anyhow};
use futures::FutureExt;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wellhead::{CompileFor, Limits, LoadError, MemoryStore, PluginChange, PluginEvents, Wellhead};
use wellhead_server::{Server, ServerConfig};

/// How long queries may take: more than the deadline of a call, which is what an author should meet first.
const TIMEOUT: Duration = Duration::from_secs(45);
/// How long the plugin has to end by itself.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// The host, with what it is to be asked.
pub(super) struct Host {
    wellhead: Wellhead,
    store: Arc<MemoryStore>,
    events: PluginEvents,
    pub(super) address: SocketAddr,
    server: JoinHandle<()>,
    sample_api: Option<SampleApi>,
    /// The plugin's id, once a build was loaded.
    plugin: Option<String>,
    /// Which generation the last run was of.
    asked: u64,
    /// The newest generation that was loaded, in words.
    newest: Option<String>,
    /// Whether the data source stays on the one before it, because the newest does not take its settings.
    is_held_back: bool,
    /// The generation that the data source is on, in words.
    serving: Option<String>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What came of loading a build.
pub(super) struct Loaded {
    /// The plugin's id, and which of its generations serves.
    pub(super) what: String,
    pub(super) took: Duration,
}

/// What came of asking.
pub(super) struct Asked {
    pub(super) answers: Result<Vec<Answer>>,
    pub(super) took: Duration,
    /// What happened to the plugin meanwhile that its author has to know.
    pub(super) news: Vec<String>,
    /// Time to compile what serves, where that is new since the last run.
    pub(super) compile: Option<Duration>,
    /// Time to make an instance and to configure it.
    pub(super) configure: Duration,
}

impl Host {
    pub(super) async fn start(listen: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            let cure = match error.kind() {
                ErrorKind::AddrInUse => {
                    ": another program listens there; end it, or leave --listen out for a free port"
                }
                ErrorKind::PermissionDenied => {
                    ": ports below 1024 need a privilege; leave --listen out for a free port"
                }
                ErrorKind::AddrNotAvailable => ": this machine has no such address; leave --listen out",
                _ => "",
            };
            anyhow!("cannot listen on {listen}: {error}{cure}")
        })?;
        let address = listener.local_addr().context("the socket has no address")?;
        let store = Arc::new(MemoryStore::default());
        let builder = Wellhead::builder().shared_store(store.clone()).compile_for(CompileFor::Development);
        // Its author is there to see it crash, and wants to see it again at once: no crash counts.
        let limits = Limits { crashes: usize::MAX, crash_window: Duration::ZERO, ..Limits::default() };
        let wellhead = builder.follow_plugins(None).limits(limits).build().await?;
        let server = Server::new(wellhead.clone(), ServerConfig::default());
        let server = tokio::spawn(server.serve(listener, std::future::pending()));
        let events = wellhead.events();
        Ok(Self {
            wellhead,
            store,
            events,
            address,
            server,
            sample_api: None,
            plugin: None,
            asked: 0,
            newest: None,
            is_held_back: false,
            serving: None,
        })
    }

    /// Loads a build.
    pub(super) async fn load(&mut self, wasm: &Path) -> Result<Loaded, Arc<LoadError>> {
        let started = Instant::now();
        let runtime = self.wellhead.runtime();
        let manifest = match runtime.load_file(wasm).await {
            Ok(manifest) => manifest,
            Err(error) => {
                // Whoever loads it tells of it: it is no news at the next run.
                while let Some(Some(_)) = self.events.next().now_or_never() {}
                return Err(error);
            }
        };
        self.plugin = Some(manifest.id.clone());
        let status = runtime.plugin_status(&manifest.id);
        let newest = status.and_then(|status| status.candidate.or(status.current));
        let what = newest.map_or_else(|| manifest.id.clone(), |newest| format!("{} {}", manifest.id, newest.id));
        if self.newest.as_ref() != Some(&what) {
            self.is_held_back = false;
        }
        self.newest = Some(what.clone());
        Ok(Loaded { what, took: started.elapsed() })
    }

    /// Whether there is a build to ask.
    pub(super) fn serves(&self) -> bool {
        self.plugin.is_some()
    }

    /// What answers, in words: the plugin's id and its generation; none before the first run.
    pub(super) fn serving(&self) -> Option<&str> {
        self.serving.as_deref()
    }

    /// Asks the queries; there must be some.
    pub(super) async fn ask(&mut self, settings: &Settings) -> Asked {
        let started = Instant::now();
        let answers = self.answers(settings).await;
        let took = started.elapsed();
        let mut asked = Asked { answers, took, news: Vec::new(), compile: None, configure: Duration::ZERO };
        // What happened is there already; what happens later is told with the next run.
        while let Some(Some(event)) = self.events.next().now_or_never() {
            match &event.change {
                PluginChange::Swapped { configure, .. } => {
                    asked.configure = asked.configure.max(*configure);
                    self.is_held_back = false;
                }
                PluginChange::HeldBack { .. } | PluginChange::Rejected { .. } => {
                    asked.news.push(event.to_string());
                    self.is_held_back = true;
                }
                PluginChange::Crashed { .. } | PluginChange::Quarantined { .. } => asked.news.push(event.to_string()),
                _ => {}
            }
        }
        if !self.is_held_back {
            self.serving.clone_from(&self.newest);
        }
        // A call that may be tried again crashes twice.
        asked.news.dedup();
        let status = self.plugin.as_ref().and_then(|id| self.wellhead.runtime().plugin_status(id));
        if let Some(current) = status.and_then(|status| status.current).filter(|it| it.id.number != self.asked) {
            self.asked = current.id.number;
            asked.compile = current.compile;
        }
        asked
    }

    async fn answers(&mut self, settings: &Settings) -> Result<Vec<Answer>> {
        let plugin = self.plugin.as_ref().context("no build was loaded yet")?;
        match (&settings.sample_api, &self.sample_api) {
            (None, _) => self.sample_api = None,
            (Some(folder), Some(api)) => api.serve(folder.clone()),
            (Some(folder), None) => self.sample_api = Some(SampleApi::start(folder.clone()).await?),
        }
        let source = settings.data_source(plugin, self.sample_api.as_ref().map(SampleApi::url))?;
        let uid = source.uid.clone();
        self.store.replace([source])?;
        match settings.queries.clone() {
            Some(request) => {
                // In the order they are written.
                let order: Vec<_> = request.queries.iter().filter_map(|query| query.get("refId").cloned()).collect();
                let mut answers = ask::answers(&self.wellhead, &uid, request, TIMEOUT).await?;
                answers.sort_by_key(|answer| order.iter().position(|ref_id| *ref_id == answer.ref_id));
                Ok(answers)
            }
            None => Ok(Vec::new()),
        }
    }

    pub(super) async fn shutdown(self) {
        self.wellhead.shutdown(SHUTDOWN).await;
    }
}
