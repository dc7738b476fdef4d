//! One trait for every plugin, whatever it runs on.

use crate::{
    CallResourceRequest, CallResourceResponse, CheckHealthResult, Manifest, PluginContext, PluginError,
    PublishStreamResponse, QueryDataReply, QueryDataRequest, StreamRequest, StreamRun, SubscribeStreamResponse,
};
use futures::future::BoxFuture;
use std::sync::Arc;

/// Where a plugin's code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// In a sandbox of its own, one Store an instance.
    Wasm,
    /// In the host's process, compiled in: a core plugin.
    InMemory,
}

/// A back-end plugin: one loaded version of the code behind a plugin id.
///
/// Dropping a returned future tells the plugin that nobody waits any more; what it still computes is thrown away.
pub trait Plugin: Send + Sync + 'static {
    /// Who it is and what it asks for. A reload may change all of it but the id.
    fn manifest(&self) -> Arc<Manifest>;

    /// Where it runs.
    fn target(&self) -> Target;

    /// Makes it ready to take calls. Called once, before it is registered.
    fn start(&self) -> BoxFuture<'_, Result<(), PluginError>>;

    /// Finishes the calls in flight, then ends its instances. It takes no calls afterwards.
    fn stop(&self) -> BoxFuture<'_, Result<(), PluginError>>;

    /// Whether it has ended, by `stop` or by itself.
    fn has_exited(&self) -> bool;

    /// Whether the host starts, replaces and stops it by itself.
    fn is_managed(&self) -> bool;

    /// Takes it out of routing: calls in flight finish, new ones go elsewhere.
    fn decommission(&self);

    /// Whether `decommission` was called.
    fn is_decommissioned(&self) -> bool;

    /// Answers every query of the request.
    fn query_data(
        &self,
        context: Arc<PluginContext>,
        request: QueryDataRequest,
    ) -> BoxFuture<'_, Result<QueryDataReply, PluginError>>;

    /// Says whether the data source can be used. OK where a plugin implements no check of its own.
    fn check_health(&self, context: Arc<PluginContext>) -> BoxFuture<'_, Result<CheckHealthResult, PluginError>> {
        let _ = context;
        Box::pin(async { Ok(CheckHealthResult::ok("Plugin is running")) })
    }

    /// Answers an HTTP-shaped call.
    fn call_resource(
        &self,
        context: Arc<PluginContext>,
        request: CallResourceRequest,
    ) -> BoxFuture<'_, Result<CallResourceResponse, PluginError>> {
        let _ = (context, request);
        let plugin_id = self.manifest().id.clone();
        Box::pin(async { Err(PluginError::MethodNotImplemented { plugin_id, method: "call-resource" }) })
    }

    /// Says whether the caller may subscribe to a channel. Asked for every subscriber.
    fn subscribe_stream(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> BoxFuture<'_, Result<SubscribeStreamResponse, PluginError>> {
        let _ = (context, request);
        let plugin_id = self.manifest().id.clone();
        Box::pin(async { Err(PluginError::MethodNotImplemented { plugin_id, method: "subscribe-stream" }) })
    }

    /// Starts to feed a channel. Asked once a channel, on behalf of all its subscribers.
    fn run_stream(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> BoxFuture<'_, Result<StreamRun, PluginError>> {
        let _ = (context, request);
        let plugin_id = self.manifest().id.clone();
        Box::pin(async { Err(PluginError::MethodNotImplemented { plugin_id, method: "run-stream" }) })
    }

    /// Takes what a client publishes; the request's data is never empty.
    fn publish_stream(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> BoxFuture<'_, Result<PublishStreamResponse, PluginError>> {
        let _ = (context, request);
        let plugin_id = self.manifest().id.clone();
        Box::pin(async { Err(PluginError::MethodNotImplemented { plugin_id, method: "publish-stream" }) })
    }
}
