//! Routes calls to plugins, by id or alias.

use crate::call_metrics::{CallMetrics, Method};
use crate::{
    CallResourceRequest, CallResourceResponse, CheckHealthResult, Manifest, Plugin, PluginContext, PluginError,
    PublishStreamResponse, QueryDataReply, QueryDataRequest, Registry, StreamRequest, StreamRun,
    SubscribeStreamResponse,
};
use std::sync::Arc;
use std::time::Instant;

/// The one door to all plugins of a runtime. Cheap to clone.
///
/// Dropping a returned future, or the stream of an answer, tells the plugin that nobody waits any more.
#[derive(Clone)]
pub struct PluginClient {
    registry: Arc<Registry>,
    metrics: CallMetrics,
}

impl PluginClient {
    pub(crate) fn new(registry: Arc<Registry>, metrics: CallMetrics) -> Self {
        Self { registry, metrics }
    }

    /// Asks the data source's plugin every query of the request. Every ref-id is answered exactly once, and each frame
    /// bears its ref-id.
    ///
    /// # Errors
    /// [`PluginError`] where the plugin cannot be called or did not answer; a query's own failure is in its response.
    pub async fn query_data(
        &self,
        context: PluginContext,
        request: QueryDataRequest,
    ) -> Result<QueryDataReply, PluginError> {
        let plugin = self.plugin(&context)?;
        let started = Instant::now();
        let answer = plugin.query_data(Arc::new(context), request).await.map(with_ref_ids);
        self.metrics.record(&plugin.manifest().id, Method::QueryData, started, answer.as_ref().err());
        answer
    }

    /// Asks whether the data source can be used.
    ///
    /// # Errors
    /// [`PluginError`] where the check could not be made; a data source that is not well is an answer.
    pub async fn check_health(&self, context: PluginContext) -> Result<CheckHealthResult, PluginError> {
        let plugin = self.plugin(&context)?;
        let started = Instant::now();
        let answer = plugin.check_health(Arc::new(context)).await;
        self.metrics.record(&plugin.manifest().id, Method::CheckHealth, started, answer.as_ref().err());
        answer
    }

    /// Makes an HTTP-shaped call.
    ///
    /// # Errors
    /// [`PluginError`]: among them `MethodNotImplemented` for a plugin without resources, and `Guest` with the error a
    /// plugin answered. A path with `..` in it, encoded or not, is refused.
    pub async fn call_resource(
        &self,
        context: PluginContext,
        request: CallResourceRequest,
    ) -> Result<CallResourceResponse, PluginError> {
        let plugin = self.plugin(&context)?;
        resource_path(&request.path)?;
        let started = Instant::now();
        let answer = plugin.call_resource(Arc::new(context), request).await;
        self.metrics.record(&plugin.manifest().id, Method::CallResource, started, answer.as_ref().err());
        answer
    }

    /// Asks whether the caller may subscribe to a channel, and what to show first.
    ///
    /// # Errors
    /// [`PluginError`]: among them `MethodNotImplemented` for a plugin without streams. A refusal is an answer.
    pub async fn subscribe_stream(
        &self,
        context: PluginContext,
        request: StreamRequest,
    ) -> Result<SubscribeStreamResponse, PluginError> {
        let plugin = self.plugin(&context)?;
        let started = Instant::now();
        let answer = plugin.subscribe_stream(Arc::new(context), request).await;
        self.metrics.record(&plugin.manifest().id, Method::SubscribeStream, started, answer.as_ref().err());
        answer
    }

    /// Has a channel fed, until the run is dropped or ends by itself. It is shared by all subscribers, so that the plugin
    /// is told neither user nor headers.
    ///
    /// # Errors
    /// [`PluginError`] where the run did not begin; how it ends is the run's last word.
    pub async fn run_stream(
        &self,
        mut context: PluginContext,
        request: StreamRequest,
    ) -> Result<StreamRun, PluginError> {
        let plugin = self.plugin(&context)?;
        context.user = None;
        context.headers = Vec::new();
        let started = Instant::now();
        let answer = plugin.run_stream(Arc::new(context), request).await;
        self.metrics.record(&plugin.manifest().id, Method::RunStream, started, answer.as_ref().err());
        answer
    }

    /// Hands over what a client publishes to a channel.
    ///
    /// # Errors
    /// As [`subscribe_stream`](Self::subscribe_stream).
    pub async fn publish_stream(
        &self,
        context: PluginContext,
        request: StreamRequest,
    ) -> Result<PublishStreamResponse, PluginError> {
        let plugin = self.plugin(&context)?;
        let started = Instant::now();
        let answer = plugin.publish_stream(Arc::new(context), request).await;
        self.metrics.record(&plugin.manifest().id, Method::PublishStream, started, answer.as_ref().err());
        answer
    }

    /// What the plugin that a data source's `type` names says of itself.
    ///
    /// # Errors
    /// [`PluginError::NotRegistered`] where there is none.
    pub fn manifest(&self, plugin_id: &str) -> Result<Arc<Manifest>, PluginError> {
        Ok(self.named(plugin_id)?.manifest())
    }

    fn plugin(&self, context: &PluginContext) -> Result<Arc<dyn Plugin>, PluginError> {
        self.named(&context.data_source.plugin_id)
    }

    fn named(&self, plugin_id: &str) -> Result<Arc<dyn Plugin>, PluginError> {
        // One that is decommissioned or disabled says so itself.
        self.registry.get(plugin_id).ok_or_else(|| PluginError::NotRegistered { plugin_id: plugin_id.to_owned() })
    }
}

/// Core plugins need not fill ref-ids into their frames either.
fn with_ref_ids(mut reply: QueryDataReply) -> QueryDataReply {
    for response in &mut reply.ready {
        let ref_id = &response.ref_id;
        response.frames.iter_mut().filter(|frame| frame.ref_id() != ref_id).for_each(|frame| frame.set_ref_id(ref_id));
    }
    reply
}

/// Refuses what could climb out of the resource's root at an upstream.
fn resource_path(path: &str) -> Result<(), PluginError> {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let climbs = decoded.split(['/', '\\']).any(|segment| segment == "..");
    if climbs || decoded.contains('\0') || path.starts_with('/') {
        let message = "a resource path may hold no \"..\" segment, no NUL and no leading slash";
        return Err(PluginError::Guest(crate::GuestError::downstream(400, message)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_climb_are_refused_however_they_are_written() {
        for path in ["../x", "a/..", "a/%2e%2e/b", "a%2f..%2fb", "a\\..\\b", "..", "/a", "a%00b"] {
            assert!(resource_path(path).is_err(), "{path}");
        }
        for path in ["", "a", "a/b..c", "api/v1/label/job/values", "a%20b", "..."] {
            assert!(resource_path(path).is_ok(), "{path}");
        }
    }
}
