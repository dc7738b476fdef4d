//! A host for one test: one plugin, one data source, an upstream of the test's making, and an eye on what the host says of
//! the plugin.

use crate::answer::{self, Answered};
use crate::subject::Subject;
use futures::FutureExt;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use wellhead::{
    BuildError, CheckHealthResult, DataQuery, DataSource, DataSourceSettings, Determinism, Egress, EpochTime, Limits,
    MemoryStore, PluginChange, PluginContext, PluginError, PluginEvents, PluginState, ProxySettings, QueryDataRequest,
    Recorder, Redactor, Replay, SecretOwner, TimeRange, Wellhead,
};

/// How long a plugin has to end by itself.
const SHUTDOWN: Duration = Duration::from_secs(5);
/// How often it is looked whether the plugin is compiled.
const LOOK: Duration = Duration::from_millis(2);
/// The range of queries that say none.
const AN_HOUR: Duration = Duration::from_secs(3600);

/// Where the plugin's requests go.
pub(crate) enum Upstream {
    /// Over the network, and kept.
    Live(Recorder),
    /// Nowhere: this answers.
    Played(Replay),
}

/// A running host.
pub(crate) struct Lab {
    pub(crate) wellhead: Wellhead,
    events: PluginEvents,
    plugin_id: String,
    range: TimeRange,
    settings: Arc<DataSourceSettings>,
}

/// Something that the host said of the plugin.
#[derive(Debug)]
pub(crate) enum Happened {
    /// It took the settings.
    Configured,
    /// An instance crashed or had to be ended, for this reason.
    Crashed(String),
}

impl Lab {
    /// Starts a host with one instance a data source at most, so that what one call does the next one meets.
    pub(crate) async fn open(
        subject: &Subject,
        source: DataSource,
        upstream: Upstream,
        redactor: Redactor,
        determinism: Determinism,
        limits: Limits,
    ) -> Result<Self, BuildError> {
        let egress = Egress::builder();
        let egress = match upstream {
            Upstream::Live(recorder) => egress.record(recorder),
            Upstream::Played(replay) => egress.proxy(ProxySettings::None).replay(replay),
        };
        let settings = Arc::new(settings(&source));
        redactor.learn(&SecretOwner::new(source.org_id, source.uid.clone()), &settings.secrets);
        let store = MemoryStore::default();
        // The only one of its name: it cannot be refused.
        let _ = store.replace([source]);
        let mut builder = Wellhead::builder()
            .plugin_file(&subject.file)
            .store(store)
            .egress(egress.build()?)
            .redactor(redactor)
            .determinism(determinism)
            .compile_cache(&subject.compile_cache)
            .limits(Limits { replicas: 1, ..limits });
        if let Some(command) = &subject.compile_in {
            builder = builder.compile_in_child(command.clone());
        }
        let wellhead = builder.build().await?;
        compiled(&wellhead, &subject.manifest.id).await;
        let events = wellhead.events();
        let range = subject.range().unwrap_or_else(|| the_hour_before(determinism.now));
        Ok(Self { wellhead, events, plugin_id: subject.manifest.id.clone(), range, settings })
    }

    /// Asks each of these under its refId, in one call.
    pub(crate) async fn ask(&self, queries: &[(String, Map<String, Value>)]) -> Result<Vec<Answered>, PluginError> {
        let query = |(ref_id, model): &(String, Map<String, Value>)| DataQuery {
            ref_id: ref_id.clone(),
            query_type: model.get("queryType").and_then(Value::as_str).unwrap_or_default().to_owned(),
            max_data_points: 100,
            interval_ms: 1000,
            time_range: self.range,
            model: Value::Object(model.clone()).to_string(),
        };
        let request = QueryDataRequest { queries: queries.iter().map(query).collect() };
        let reply = self.wellhead.runtime().client().query_data(self.context(), request).await?;
        answer::read(reply).await
    }

    /// The first query of the subject, alone.
    pub(crate) async fn ask_one(&self, subject: &Subject) -> Result<Vec<Answered>, PluginError> {
        self.ask(&[("A".to_owned(), subject.query().clone())]).await
    }

    pub(crate) async fn check_health(&self) -> Result<CheckHealthResult, PluginError> {
        self.wellhead.runtime().client().check_health(self.context()).await
    }

    fn context(&self) -> PluginContext {
        PluginContext::for_data_source(self.settings.clone())
    }

    /// What will happen from now on.
    pub(crate) fn watch(&self) -> PluginEvents {
        self.wellhead.events()
    }

    /// Why instances crashed or were ended since it was asked last.
    pub(crate) fn crashes(&mut self) -> Vec<String> {
        let mut crashes = Vec::new();
        while let Some(Some(event)) = self.events.next().now_or_never() {
            if let Some(Happened::Crashed(reason)) = happening(&event.change) {
                crashes.push(reason);
            }
        }
        crashes
    }

    /// A figure of the plugin among the host's metrics; 0 where there is none.
    pub(crate) fn figure(&self, name: &str) -> u64 {
        let mut metrics = String::new();
        self.wellhead.encode_metrics(&mut metrics);
        let start = format!("{name}{{plugin=\"{}\"}} ", self.plugin_id);
        metrics.lines().find_map(|line| line.strip_prefix(&start)?.parse().ok()).unwrap_or_default()
    }

    /// Ends the plugin; calls in flight that nobody waits for go on until they are over, or are ended.
    pub(crate) async fn close(&self) {
        self.wellhead.shutdown(SHUTDOWN).await;
    }
}

fn the_hour_before(now: SystemTime) -> TimeRange {
    let seconds = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let instant = |at| EpochTime { seconds: i64::try_from(seconds(at)).unwrap_or_default(), nanoseconds: 0 };
    TimeRange { from: instant(now.checked_sub(AN_HOUR).unwrap_or(now)), to: instant(now) }
}

/// Waits until the plugin's code is there, or is known to be none: compiling is no part of what a call may take, and how
/// long a call still has is what some plugins tell their upstreams.
async fn compiled(wellhead: &Wellhead, plugin_id: &str) {
    let is_under_way = || {
        let status = wellhead.runtime().plugin_status(plugin_id);
        status.is_some_and(|status| matches!(status.state, PluginState::Discovered | PluginState::Compiling))
    };
    // The host bounds it by its own compile deadline.
    while is_under_way() {
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits for what happens next.
pub(crate) async fn happens(events: &mut PluginEvents) -> Option<Happened> {
    loop {
        if let Some(happened) = happening(&events.next().await?.change) {
            return Some(happened);
        }
    }
}

fn happening(change: &PluginChange) -> Option<Happened> {
    match change {
        PluginChange::Swapped { .. } => Some(Happened::Configured),
        PluginChange::Crashed { reason, .. } => Some(Happened::Crashed(reason.clone())),
        PluginChange::Rejected { reason, .. } => Some(Happened::Crashed(reason.clone())),
        _ => None,
    }
}

/// A data source as its plugin sees it.
fn settings(source: &DataSource) -> DataSourceSettings {
    DataSourceSettings {
        id: 1,
        uid: source.uid.clone(),
        org_id: source.org_id,
        plugin_id: source.plugin_id.clone(),
        name: source.name.clone(),
        url: source.url.clone(),
        user: source.user.clone(),
        database: source.database.clone(),
        basic_auth: source.basic_auth,
        basic_auth_user: source.basic_auth_user.clone(),
        json_data: source.json_data.clone(),
        secrets: source.secure_json_data.to_values(),
        version: 1,
    }
}
