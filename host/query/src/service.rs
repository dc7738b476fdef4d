//! The query service itself: from a request to calls of plugins, a call a data source.

use crate::context::ContextProvider;
use crate::data_proxy::DataProxy;
use crate::public_error::fails_the_request;
use crate::{Caller, DataProxyRequest, DataProxyResponse, QueryError, QueryRequest, Replies, forward, resource_path};
use futures::StreamExt;
use futures::stream;
use indexmap::IndexMap;
use std::sync::Arc;
use wellhead_egress::Egress;
use wellhead_runtime::{
    CallResourceRequest, CallResourceResponse, CheckHealthResult, GuestError, HealthStatus, PluginClient,
    PluginContext, PluginError, QueryDataRequest,
};
use wellhead_secrets::Redactor;
use wellhead_store::{DataSource, DataSourceKey, DataSourceStore, StoreError};

/// Data sources that one request may ask at the same time; the others wait their turn.
const DATA_SOURCES_AT_ONCE: usize = 16;

/// Answers callers' requests: the only way from a caller to a plugin.
pub struct QueryService {
    contexts: Arc<ContextProvider>,
    plugins: PluginClient,
    proxy: DataProxy,
}

impl QueryService {
    /// A service over the data sources of `store` and the plugins behind `plugins`, whose proxied requests leave by
    /// `egress`.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use std::sync::Arc;
    /// use wellhead_egress::Egress;
    /// use wellhead_query::{Caller, QueryService};
    /// use wellhead_runtime::Runtime;
    /// use wellhead_store::{DataSource, DataSourceKey, MemoryStore};
    ///
    /// let store = MemoryStore::new([DataSource::new("prom", "Prometheus", "prometheus")])?;
    /// let runtime = Runtime::builder().build()?;
    /// let service = QueryService::new(Arc::new(store), runtime.client().clone(), Egress::builder().build()?);
    ///
    /// let unwell = service.check_health(&Caller::default(), &DataSourceKey::uid("prom")).await.unwrap_err();
    /// assert!(unwell.to_string().contains("plugin \"prometheus\" is not registered"));
    /// # runtime.shutdown(std::time::Duration::ZERO).await;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub fn new(store: Arc<dyn DataSourceStore>, plugins: PluginClient, egress: Egress) -> Self {
        Self { contexts: Arc::new(ContextProvider::new(store)), plugins, proxy: DataProxy::new(egress) }
    }

    /// Tells `redactor` the secrets of every data source that is opened, so that they can be blanked in what leaves the host.
    #[must_use]
    pub fn with_redactor(mut self, redactor: Redactor) -> Self {
        self.contexts = Arc::new(ContextProvider::new(self.contexts.shared_store()).with_redactor(redactor));
        self
    }

    /// What live channels share with queries.
    pub(crate) fn parts(&self) -> (Arc<ContextProvider>, PluginClient) {
        (Arc::clone(&self.contexts), self.plugins.clone())
    }

    /// Answers every query of the request. Those of different data sources run side by side, those of one go to its
    /// plugin in one call. One query's failure is in its own response.
    ///
    /// # Errors
    /// [`QueryError`] where a data source is missing, or where the only one asked has no plugin that answers.
    pub async fn query_data(&self, caller: &Caller, request: QueryRequest) -> Result<Replies, QueryError> {
        if request.queries().is_empty() {
            return Err(QueryError::NoQueries);
        }
        let groups = self.grouped(caller, request).await?;
        let only_one = groups.len() == 1;
        let calls = groups.into_values().map(|group| async move {
            let ref_ids: Vec<_> = group.request.queries.iter().map(|query| query.ref_id.clone()).collect();
            (ref_ids, self.plugins.query_data(group.context, group.request).await)
        });
        let mut answers = stream::iter(calls).buffered(DATA_SOURCES_AT_ONCE);
        let mut replies = Replies::default();
        while let Some((ref_ids, answer)) = answers.next().await {
            match answer {
                Err(error) if only_one && fails_the_request(&error) => return Err(error.into()),
                answer => replies.add(ref_ids, answer),
            }
        }
        Ok(replies)
    }

    /// Looks every data source up once and puts its queries together. All are found before any is called.
    async fn grouped(&self, caller: &Caller, request: QueryRequest) -> Result<IndexMap<String, Group>, QueryError> {
        let mut groups: IndexMap<String, Group> = IndexMap::new();
        let mut uids: IndexMap<DataSourceKey, String> = IndexMap::new();
        for query in request.into_queries() {
            let uid = match uids.get(&query.data_source) {
                Some(uid) => uid.clone(),
                None => {
                    let (source, context) = self.contexts.context(caller, &query.data_source).await?;
                    uids.insert(query.data_source, source.uid.clone());
                    groups
                        .entry(source.uid.clone())
                        .or_insert_with(|| Group { context, request: QueryDataRequest::default() });
                    source.uid.clone()
                }
            };
            if let Some(group) = groups.get_mut(&uid) {
                group.request.queries.push(query.query);
            }
        }
        Ok(groups)
    }

    /// Asks whether a data source can be used.
    ///
    /// # Errors
    /// [`QueryError`] where it is missing or its plugin could not be asked. A data source that is not well, or whose
    /// settings the plugin refuses, is no error.
    pub async fn check_health(&self, caller: &Caller, key: &DataSourceKey) -> Result<CheckHealthResult, QueryError> {
        let (_, context) = self.contexts.context(caller, key).await?;
        match self.plugins.check_health(context).await {
            Err(PluginError::Guest(said) | PluginError::InvalidSettings { error: said, .. }) => {
                let GuestError { message, details, .. } = said;
                Ok(CheckHealthResult { status: HealthStatus::Error, message, details })
            }
            answer => Ok(answer?),
        }
    }

    /// Makes an HTTP-shaped call of a data source. The caller's credentials do not travel on unless the data source
    /// asks for them.
    ///
    /// # Errors
    /// [`QueryError`] where it is missing, the path could climb out of it, or its plugin could not be asked.
    pub async fn call_resource(
        &self,
        caller: &Caller,
        key: &DataSourceKey,
        mut request: CallResourceRequest,
    ) -> Result<CallResourceResponse, QueryError> {
        resource_path::check(&request.path)?;
        let (source, context) = self.contexts.context(caller, key).await?;
        forward::strip_credentials(&mut request.headers, &source);
        Ok(self.plugins.call_resource(context, request).await?)
    }

    /// Sends an HTTP request on to a data source's own URL with its credentials, past the plugin: what may be sent is
    /// the plugin's manifest's to say. The caller's credentials do not travel on unless the data source asks for them.
    ///
    /// # Errors
    /// [`QueryError`] where the data source or its plugin is missing, the path could leave the data source, the request
    /// is not allowed, or no answer came that could be handed on.
    pub async fn proxy(
        &self,
        caller: &Caller,
        key: &DataSourceKey,
        request: DataProxyRequest,
    ) -> Result<DataProxyResponse, QueryError> {
        resource_path::check_proxied(&request.path)?;
        let asked = self.proxy.asking();
        let (source, context) = self.contexts.context(caller, key).await?;
        let manifest = self.plugins.manifest(&source.plugin_id)?;
        self.proxy.send(asked, caller, &source, &context, &manifest, request).await
    }

    /// Finds a data source of the caller's org.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn data_source(&self, caller: &Caller, key: &DataSourceKey) -> Result<Arc<DataSource>, StoreError> {
        self.contexts.store().get(caller.org_id, key).await
    }

    /// Forgets the settings and secrets of data sources that change or go, for as long as the store lives: to be run
    /// beside the service.
    pub async fn follow_changes(&self) {
        let settings = self.contexts.follow_changes();
        futures::future::join(settings, self.proxy.follow_changes(self.contexts.store())).await;
    }
}

impl std::fmt::Debug for QueryService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryService").finish_non_exhaustive()
    }
}

struct Group {
    context: PluginContext,
    request: QueryDataRequest,
}

#[cfg(test)]
mod tests;
