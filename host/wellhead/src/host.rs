//! The host: one value that answers queries, and can be cloned to wherever they come from.

use crate::rows::rows_of;
use crate::{QueryFailure, Rows, WellheadBuilder};
use futures::{Stream, StreamExt};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;
use wellhead_frame::Frame;
use wellhead_query::{
    Caller, Channel, LiveError, LiveHub, QueryError, QueryRequest, QueryResults, QueryService, ResultLimits,
};
use wellhead_runtime::{
    CallResourceRequest, CallResourceResponse, CheckHealthResult, PluginEvents, PluginStore, Runtime,
};
use wellhead_secrets::Redactor;
use wellhead_store::{ChangeKind, DataSourceKey, DataSourceStore, Revision, StoreError};

/// Data sources and the plugins that answer for them. Cloning shares the host.
///
/// The methods here ask on behalf of org 1 without a user; [`service`](Self::service) takes any [`Caller`].
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use serde_json::json;
/// use std::{sync::Arc, time::Duration};
/// use wellhead::{CorePlugin, DataResponse, DataSource, Manifest, MemoryStore, QueryDataReply, QueryRequest, Wellhead};
///
/// let zero = CorePlugin::new(Manifest::core("zero", "Zero", "1.0.0"), |_context, request| async move {
///     let answers = request.queries.into_iter().map(|query| DataResponse::ok(query.ref_id, Vec::new()));
///     Ok(QueryDataReply::ready(answers.collect()))
/// });
/// let wellhead = Wellhead::builder()
///     .core_plugin(Arc::new(zero))
///     .store(MemoryStore::new([DataSource::new("z", "Nothing", "zero")])?)
///     .build()
///     .await?;
///
/// let request = QueryRequest::over("now-1h", "now")?.query("z", json!({"refId": "A"}))?;
/// let results = wellhead.query_data(request).await?;
/// assert!(results.frames("A")?.is_empty());
/// wellhead.shutdown(Duration::from_secs(5)).await;
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Wellhead {
    shared: Arc<Shared>,
}

struct Shared {
    runtime: Arc<Runtime>,
    service: Arc<QueryService>,
    live: LiveHub,
    store: Arc<dyn DataSourceStore>,
    redactor: Redactor,
    followers: [AbortHandle; 3],
    follows_plugins: bool,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.followers.iter().for_each(AbortHandle::abort);
    }
}

/// Ends the instances of data sources that are deleted.
async fn follow_deletions(runtime: Arc<Runtime>, store: Arc<dyn DataSourceStore>) {
    let mut changes = store.watch(Revision::default());
    let mut known = HashSet::new();
    while let Some(change) = changes.next().await {
        match change.kind {
            ChangeKind::Put => {
                known.insert((change.org_id, change.uid));
            }
            ChangeKind::Deleted => {
                runtime.forget_data_source(change.org_id, &change.uid);
                known.remove(&(change.org_id, change.uid));
            }
            ChangeKind::Reset => {
                for (org_id, uid) in std::mem::take(&mut known) {
                    if is_gone(store.as_ref(), org_id, &uid).await {
                        runtime.forget_data_source(org_id, &uid);
                    } else {
                        known.insert((org_id, uid));
                    }
                }
            }
        }
    }
}

async fn is_gone(store: &dyn DataSourceStore, org_id: i64, uid: &str) -> bool {
    matches!(store.get(org_id, &DataSourceKey::uid(uid)).await, Err(StoreError::NotFound { .. }))
}

impl Wellhead {
    /// A builder with the defaults: no plugins, no data sources, the system's TLS roots and proxies.
    pub fn builder() -> WellheadBuilder {
        WellheadBuilder::new()
    }

    /// Must be called within a tokio runtime.
    pub(crate) fn new(
        runtime: Arc<Runtime>,
        service: Arc<QueryService>,
        live: LiveHub,
        store: Arc<dyn DataSourceStore>,
        redactor: Redactor,
        follows_plugins: bool,
    ) -> Self {
        let (followed, channels) = (Arc::clone(&service), live.clone());
        let followers = [
            tokio::spawn(async move { followed.follow_changes().await }).abort_handle(),
            tokio::spawn(async move { channels.follow_changes().await }).abort_handle(),
            tokio::spawn(follow_deletions(runtime.clone(), store.clone())).abort_handle(),
        ];
        Self { shared: Arc::new(Shared { runtime, service, live, store, redactor, followers, follows_plugins }) }
    }

    /// Answers every query of the request, as whole frames. One query's failure is in its own response.
    ///
    /// # Errors
    /// [`QueryError`] where a data source is missing, or where the only one asked has no plugin that answers.
    pub async fn query_data(&self, request: QueryRequest) -> Result<QueryResults, QueryError> {
        let replies = self.shared.service.query_data(&Caller::default(), request).await?;
        Ok(replies.collect(ResultLimits::default()).await)
    }

    /// Answers every query of the request, as record batches while they come: memory stays bounded however large the
    /// result. A query that fails gives an `Err` and the stream goes on with the others.
    ///
    /// ```no_run
    /// # async fn example(wellhead: wellhead::Wellhead, request: wellhead::QueryRequest) -> Result<(), Box<dyn std::error::Error>> {
    /// use futures::TryStreamExt;
    ///
    /// let mut rows = std::pin::pin!(wellhead.query_stream(request).await?);
    /// while let Some(rows) = rows.try_next().await? {
    ///     println!("{} frame {}: {} rows", rows.ref_id, rows.frame, rows.batch.num_rows());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`query_data`](Self::query_data).
    pub async fn query_stream(
        &self,
        request: QueryRequest,
    ) -> Result<impl Stream<Item = Result<Rows, QueryFailure>> + Send + use<>, QueryError> {
        let replies = self.shared.service.query_data(&Caller::default(), request).await?;
        Ok(rows_of(replies))
    }

    /// Asks whether a data source can be used.
    ///
    /// ```no_run
    /// # async fn example(wellhead: wellhead::Wellhead) -> Result<(), wellhead::QueryError> {
    /// let health = wellhead.check_health("prom").await?;
    /// println!("{}: {}", health.status.as_str(), health.message);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`QueryError`] where it is missing or its plugin could not be asked. A data source that is not well is no error.
    pub async fn check_health(&self, uid: impl Into<String>) -> Result<CheckHealthResult, QueryError> {
        self.shared.service.check_health(&Caller::default(), &DataSourceKey::uid(uid)).await
    }

    /// Makes an HTTP-shaped call of a data source, as editors and tools do.
    ///
    /// ```no_run
    /// # async fn example(wellhead: wellhead::Wellhead) -> Result<(), Box<dyn std::error::Error>> {
    /// use wellhead::{CallResourceRequest, ResourceBody};
    ///
    /// let request = CallResourceRequest {
    ///     method: http::Method::GET,
    ///     path: "api/v1/labels".into(),
    ///     query: String::new(),
    ///     headers: http::HeaderMap::new(),
    ///     body: ResourceBody::empty(),
    /// };
    /// let response = wellhead.call_resource("prom", request).await?;
    /// let body = response.body.collect(1 << 20).await?;
    /// # let _ = body;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`QueryError`] where it is missing, the path could climb out of it, or its plugin could not be asked.
    pub async fn call_resource(
        &self,
        uid: impl Into<String>,
        request: CallResourceRequest,
    ) -> Result<CallResourceResponse, QueryError> {
        self.shared.service.call_resource(&Caller::default(), &DataSourceKey::uid(uid), request).await
    }

    /// Subscribes to a live channel, such as `ds/UID/PATH`: its frames as they come, first what there is to see already.
    /// Ends when the channel does. A reader that is slow misses the oldest, which the next frame's notice says.
    ///
    /// ```no_run
    /// # async fn example(wellhead: wellhead::Wellhead) -> Result<(), wellhead::LiveError> {
    /// use futures::StreamExt;
    ///
    /// let mut frames = wellhead.subscribe("ds/testdata/random-walk").await?;
    /// while let Some(frame) = frames.next().await {
    ///     println!("{} rows", frame.num_rows());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`LiveError`] where the name is none, the data source is missing, or its plugin does not know the channel.
    pub async fn subscribe(&self, channel: &str) -> Result<impl Stream<Item = Frame> + Send + use<>, LiveError> {
        let caller = Caller::default();
        let channel = Channel::in_org(caller.org_id, channel)?;
        Ok(self.shared.live.subscribe(Arc::new(caller), &channel, "").await?.into_frames())
    }

    /// Publishes a frame to a live channel of the scope `stream`, such as `stream/builds/main`, to whoever subscribes to it.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use wellhead::{Frame, Wellhead};
    ///
    /// let wellhead = Wellhead::builder().build().await?;
    /// wellhead.publish("stream/builds/main", Frame::empty("none yet"))?;
    /// # wellhead.shutdown(std::time::Duration::ZERO).await;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`LiveError`] where the name is none, or the frame is too large.
    pub fn publish(&self, channel: &str, frame: Frame) -> Result<(), LiveError> {
        let channel = Channel::in_org(Caller::default().org_id, channel)?;
        self.shared.live.publish_frame(&channel, frame)
    }

    /// The live channels, for any [`Caller`] and in every form.
    pub fn live(&self) -> &LiveHub {
        &self.shared.live
    }

    /// Metadata of all plugins, and the files that were refused.
    pub fn plugins(&self) -> &PluginStore {
        self.shared.runtime.plugins()
    }

    /// Whether plugins folders are followed, as [`follow_plugins`](WellheadBuilder::follow_plugins) says. Where they are
    /// not, no plugin reloads by itself.
    pub fn follows_plugins(&self) -> bool {
        self.shared.follows_plugins
    }

    /// What happens to plugins from now on: loaded, swapped, rejected, crashed, quarantined.
    ///
    /// ```no_run
    /// # async fn example(wellhead: wellhead::Wellhead) {
    /// let mut events = wellhead.events();
    /// while let Some(event) = events.next().await {
    ///     println!("{event}");
    /// }
    /// # }
    /// ```
    pub fn events(&self) -> PluginEvents {
        self.shared.runtime.events()
    }

    /// The runtime: to reload, roll back, pin, disable or decommission a plugin, and to see where it is in its life.
    ///
    /// ```no_run
    /// # async fn example(wellhead: wellhead::Wellhead) -> Result<(), wellhead::PluginError> {
    /// let status = wellhead.runtime().roll_back("prometheus").await?;
    /// println!("{}", status.state.as_str());
    /// # Ok(()) }
    /// ```
    pub fn runtime(&self) -> &Runtime {
        &self.shared.runtime
    }

    /// The query service, which takes any [`Caller`].
    ///
    /// ```no_run
    /// # async fn example(wellhead: wellhead::Wellhead) -> Result<(), wellhead::StoreError> {
    /// let org_two = wellhead::Caller { org_id: 2, ..wellhead::Caller::default() };
    /// let source = wellhead.service().data_source(&org_two, &wellhead::DataSourceKey::uid("prom")).await?;
    /// # let _ = source;
    /// # Ok(()) }
    /// ```
    pub fn service(&self) -> &QueryService {
        &self.shared.service
    }

    /// The data sources: to look up, add, change and delete.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use wellhead::{DataSource, Wellhead};
    ///
    /// let wellhead = Wellhead::builder().build().await?;
    /// let added = wellhead.data_sources().add(DataSource::new("", "Prometheus", "prometheus")).await?;
    /// assert!(!added.uid.is_empty() && added.is_default);
    /// # wellhead.shutdown(std::time::Duration::ZERO).await;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub fn data_sources(&self) -> &dyn DataSourceStore {
        &*self.shared.store
    }

    /// Blanks the secrets of data sources in what leaves the host.
    pub fn redactor(&self) -> &Redactor {
        &self.shared.redactor
    }

    /// Appends the host's and the plugins' metrics, as Prometheus text without the end mark.
    pub fn encode_metrics(&self, out: &mut String) {
        self.shared.runtime.encode_metrics(out);
        self.shared.live.encode_metrics(out);
    }

    /// Takes no new calls, ends live subscriptions, gives calls in flight until `deadline`, and ends every plugin.
    pub async fn shutdown(&self, deadline: Duration) {
        self.shared.live.shutdown();
        self.shared.runtime.shutdown(deadline).await;
    }
}

impl fmt::Debug for Wellhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plugins = self.plugins().list();
        let ids: Vec<_> = plugins.iter().map(|plugin| &plugin.manifest.id).collect();
        f.debug_struct("Wellhead").field("plugins", &ids).finish_non_exhaustive()
    }
}
