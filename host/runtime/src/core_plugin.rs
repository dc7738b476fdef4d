//! A plugin compiled into the host, behind the same trait as those in the sandbox.

use crate::{
    CallResourceRequest, CallResourceResponse, CheckHealthResult, FrameSender, Manifest, Plugin, PluginContext,
    PluginError, PublishStreamResponse, QueryDataReply, QueryDataRequest, RunEnd, StreamRequest, StreamRun,
    SubscribeStreamResponse, Target,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

type Handler<Request, Response> =
    Box<dyn Fn(Arc<PluginContext>, Request) -> BoxFuture<'static, Result<Response, PluginError>> + Send + Sync>;

/// A core plugin: closures for what it answers, health OK where it says nothing of health.
///
/// It has the life of any plugin: it can be stopped (which waits for its calls), decommissioned, asked whether it has
/// exited. Its code is trusted: no deadline or memory limit is enforced on it.
///
/// ```
/// use wellhead_runtime::{CorePlugin, DataResponse, Manifest, QueryDataReply};
///
/// let plugin = CorePlugin::new(Manifest::core("zero", "Zero", "1.0.0"), |_context, request| async move {
///     let answers = request.queries.into_iter().map(|query| DataResponse::ok(query.ref_id, Vec::new()));
///     Ok(QueryDataReply::ready(answers.collect()))
/// });
/// # let _ = plugin;
/// ```
pub struct CorePlugin {
    manifest: Arc<Manifest>,
    query_data: Handler<QueryDataRequest, QueryDataReply>,
    check_health: Option<Handler<(), CheckHealthResult>>,
    call_resource: Option<Handler<CallResourceRequest, CallResourceResponse>>,
    subscribe_stream: Option<Handler<StreamRequest, SubscribeStreamResponse>>,
    run_stream: Option<Handler<(StreamRequest, FrameSender), ()>>,
    publish_stream: Option<Handler<StreamRequest, PublishStreamResponse>>,
    calls: TaskTracker,
    /// Ends its streams, which end by nothing else.
    stopping: CancellationToken,
    decommissioned: AtomicBool,
    exited: AtomicBool,
}

impl CorePlugin {
    /// A plugin that answers queries with `query_data`.
    pub fn new<Q, F>(manifest: Manifest, query_data: Q) -> Self
    where
        Q: Fn(Arc<PluginContext>, QueryDataRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Result<QueryDataReply, PluginError>> + Send + 'static,
    {
        Self {
            manifest: Arc::new(manifest),
            query_data: Box::new(move |context, request| Box::pin(query_data(context, request))),
            check_health: None,
            call_resource: None,
            subscribe_stream: None,
            run_stream: None,
            publish_stream: None,
            calls: TaskTracker::new(),
            stopping: CancellationToken::new(),
            decommissioned: AtomicBool::new(false),
            exited: AtomicBool::new(false),
        }
    }

    /// Answers health checks with `check_health`.
    #[must_use]
    pub fn with_check_health<H, F>(mut self, check_health: H) -> Self
    where
        H: Fn(Arc<PluginContext>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<CheckHealthResult, PluginError>> + Send + 'static,
    {
        self.check_health = Some(Box::new(move |context, ()| Box::pin(check_health(context))));
        self
    }

    /// Answers resource calls with `call_resource`.
    #[must_use]
    pub fn with_call_resource<R, F>(mut self, call_resource: R) -> Self
    where
        R: Fn(Arc<PluginContext>, CallResourceRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Result<CallResourceResponse, PluginError>> + Send + 'static,
    {
        self.call_resource = Some(Box::new(move |context, request| Box::pin(call_resource(context, request))));
        self
    }

    /// Feeds channels with `run_stream`, which ends when its sender says that nobody reads. Everybody may subscribe, as
    /// long as [`with_subscribe_stream`](Self::with_subscribe_stream) does not say otherwise.
    #[must_use]
    pub fn with_run_stream<R, F>(mut self, run_stream: R) -> Self
    where
        R: Fn(Arc<PluginContext>, StreamRequest, FrameSender) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), PluginError>> + Send + 'static,
    {
        self.run_stream =
            Some(Box::new(move |context, (request, sender)| Box::pin(run_stream(context, request, sender))));
        self
    }

    /// Says with `subscribe_stream` who may subscribe to what.
    #[must_use]
    pub fn with_subscribe_stream<S, F>(mut self, subscribe_stream: S) -> Self
    where
        S: Fn(Arc<PluginContext>, StreamRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Result<SubscribeStreamResponse, PluginError>> + Send + 'static,
    {
        self.subscribe_stream = Some(Box::new(move |context, request| Box::pin(subscribe_stream(context, request))));
        self
    }

    /// Takes what clients publish with `publish_stream`.
    #[must_use]
    pub fn with_publish_stream<P, F>(mut self, publish_stream: P) -> Self
    where
        P: Fn(Arc<PluginContext>, StreamRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Result<PublishStreamResponse, PluginError>> + Send + 'static,
    {
        self.publish_stream = Some(Box::new(move |context, request| Box::pin(publish_stream(context, request))));
        self
    }

    fn running(&self) -> Result<(), PluginError> {
        if self.is_decommissioned() || self.has_exited() {
            let (plugin_id, reason) = (self.manifest.id.clone(), "it was stopped".into());
            return Err(PluginError::Unavailable { plugin_id, reason });
        }
        Ok(())
    }

    fn missing<T>(&self, method: &'static str) -> Result<T, PluginError> {
        Err(PluginError::MethodNotImplemented { plugin_id: self.manifest.id.clone(), method })
    }
}

impl Plugin for CorePlugin {
    fn manifest(&self) -> Arc<Manifest> {
        self.manifest.clone()
    }

    fn target(&self) -> Target {
        Target::InMemory
    }

    fn start(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        self.exited.store(false, Ordering::Release);
        Box::pin(async { Ok(()) })
    }

    fn stop(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(async {
            self.decommission();
            self.calls.close();
            self.calls.wait().await;
            self.exited.store(true, Ordering::Release);
            Ok(())
        })
    }

    fn has_exited(&self) -> bool {
        self.exited.load(Ordering::Acquire)
    }

    fn is_managed(&self) -> bool {
        false
    }

    fn decommission(&self) {
        self.decommissioned.store(true, Ordering::Release);
        self.stopping.cancel();
    }

    fn is_decommissioned(&self) -> bool {
        self.decommissioned.load(Ordering::Acquire)
    }

    fn query_data(
        &self,
        context: Arc<PluginContext>,
        request: QueryDataRequest,
    ) -> BoxFuture<'_, Result<QueryDataReply, PluginError>> {
        Box::pin(async {
            self.running()?;
            self.calls.track_future((self.query_data)(context, request)).await
        })
    }

    fn check_health(&self, context: Arc<PluginContext>) -> BoxFuture<'_, Result<CheckHealthResult, PluginError>> {
        Box::pin(async {
            self.running()?;
            match &self.check_health {
                Some(check_health) => self.calls.track_future(check_health(context, ())).await,
                None => Ok(CheckHealthResult::ok("Plugin is running")),
            }
        })
    }

    fn call_resource(
        &self,
        context: Arc<PluginContext>,
        request: CallResourceRequest,
    ) -> BoxFuture<'_, Result<CallResourceResponse, PluginError>> {
        Box::pin(async {
            self.running()?;
            match &self.call_resource {
                Some(call_resource) => self.calls.track_future(call_resource(context, request)).await,
                None => self.missing("call-resource"),
            }
        })
    }

    fn subscribe_stream(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> BoxFuture<'_, Result<SubscribeStreamResponse, PluginError>> {
        Box::pin(async {
            self.running()?;
            match (&self.subscribe_stream, &self.run_stream) {
                (Some(subscribe), _) => self.calls.track_future(subscribe(context, request)).await,
                (None, Some(_)) => Ok(SubscribeStreamResponse::default()),
                (None, None) => self.missing("subscribe-stream"),
            }
        })
    }

    fn run_stream(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> BoxFuture<'_, Result<StreamRun, PluginError>> {
        Box::pin(async {
            self.running()?;
            let Some(run_stream) = &self.run_stream else { return self.missing("run-stream") };
            let (sender, run) = StreamRun::channel();
            let feeding = AssertUnwindSafe(run_stream(context, (request, sender.clone()))).catch_unwind();
            let (stopping, plugin_id) = (self.stopping.clone(), self.manifest.id.clone());
            self.calls.spawn(async move {
                let end = tokio::select! {
                    biased;
                    () = sender.closed() => return,
                    () = stopping.cancelled() => RunEnd::Moved,
                    fed = feeding => match fed {
                        Ok(fed) => fed.map_or_else(RunEnd::Failed, |()| RunEnd::Finished),
                        Err(_) => {
                            let reason = "it panicked while it fed a stream; the log has more".into();
                            RunEnd::Failed(PluginError::RequestFailure { plugin_id, reason })
                        }
                    },
                };
                // Beside the calls: the plugin's end does not wait for a reader that does not read.
                tokio::spawn(sender.end(end));
            });
            Ok(run)
        })
    }

    fn publish_stream(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> BoxFuture<'_, Result<PublishStreamResponse, PluginError>> {
        Box::pin(async {
            self.running()?;
            match &self.publish_stream {
                Some(publish_stream) => self.calls.track_future(publish_stream(context, request)).await,
                None => self.missing("publish-stream"),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DataSourceSettings, HealthStatus, StreamAccess};
    use wellhead_frame::Frame;

    fn context() -> Arc<PluginContext> {
        Arc::new(PluginContext::for_data_source(DataSourceSettings::default()))
    }

    fn plugin() -> CorePlugin {
        CorePlugin::new(Manifest::core("core", "Core", "1.0.0"), |_, _| async { Ok(QueryDataReply::ready(Vec::new())) })
    }

    #[tokio::test]
    async fn health_is_ok_where_none_is_implemented_and_resources_are_not() {
        let plugin = plugin();
        assert_eq!(plugin.check_health(context()).await.unwrap().status, HealthStatus::Ok);
        let request = CallResourceRequest {
            method: http::Method::GET,
            path: "x".into(),
            query: String::new(),
            headers: http::HeaderMap::new(),
            body: crate::ResourceBody::empty(),
        };
        let error = plugin.call_resource(context(), request).await.unwrap_err();
        assert!(matches!(error, PluginError::MethodNotImplemented { method: "call-resource", .. }));
    }

    #[tokio::test]
    async fn stop_waits_for_calls_and_ends_the_plugin() {
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let released = std::sync::Mutex::new(Some(released));
        let plugin = Arc::new(CorePlugin::new(Manifest::core("core", "Core", "1.0.0"), move |_, _| {
            let released = released.lock().unwrap().take();
            async move {
                if let Some(released) = released {
                    let _ = released.await;
                }
                Ok(QueryDataReply::ready(Vec::new()))
            }
        }));
        let call = tokio::spawn({
            let plugin = plugin.clone();
            async move { plugin.query_data(context(), QueryDataRequest::default()).await }
        });
        while plugin.calls.is_empty() {
            tokio::task::yield_now().await;
        }
        let stopped = tokio::spawn({
            let plugin = plugin.clone();
            async move { plugin.stop().await }
        });
        while !plugin.is_decommissioned() {
            tokio::task::yield_now().await;
        }
        assert!(!plugin.has_exited(), "a call is in flight");
        release.send(()).unwrap();
        call.await.unwrap().unwrap();
        stopped.await.unwrap().unwrap();
        assert!(plugin.has_exited());
        assert!(matches!(
            plugin.query_data(context(), QueryDataRequest::default()).await,
            Err(PluginError::Unavailable { .. })
        ));
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_reader_and_with_the_plugin() {
        let plugin = plugin().with_run_stream(|_, request, sender| async move {
            while sender.send(Frame::empty(&request.path)).await.is_ok() {}
            Ok(())
        });
        let request = StreamRequest { path: "ticks".into(), data: String::new() };
        assert_eq!(plugin.subscribe_stream(context(), request.clone()).await.unwrap().access, StreamAccess::Ok);
        let mut abandoned = plugin.run_stream(context(), request.clone()).await.unwrap();
        assert_eq!(abandoned.next().await.unwrap().name(), "ticks");
        let mut read = plugin.run_stream(context(), request.clone()).await.unwrap();
        drop(abandoned);
        let _unread = plugin.run_stream(context(), request.clone()).await.unwrap();
        plugin.decommission();
        let end = loop {
            if let Err(end) = read.next().await {
                break end;
            }
        };
        assert!(matches!(end, RunEnd::Moved), "{end}");
        plugin.stop().await.unwrap();
        assert!(plugin.has_exited(), "no stream holds it up");
        assert!(matches!(plugin.run_stream(context(), request).await, Err(PluginError::Unavailable { .. })));
    }

    #[tokio::test]
    async fn a_stream_whose_feeder_panics_has_failed_and_not_ended() {
        let plugin = plugin().with_run_stream(|_, _, _| async { panic!("asked to") });
        let mut run = plugin.run_stream(context(), StreamRequest::default()).await.unwrap();
        assert!(matches!(run.next().await, Err(RunEnd::Failed(PluginError::RequestFailure { .. }))));
    }
}
