//! A plugin whose code is a component: compiled once, instantiated once a data source.

use super::bindings::types::{self, CancelReason};
use super::call::{self, Call, CallInside, END_IS_NEAR};
use super::convert;
use super::host::WasmHost;
use super::instance::{Answer, Command, Instance};
use super::instances::{Instances, words};
use super::prepared::Prepared;
use crate::{
    CallResourceRequest, CallResourceResponse, CheckHealthResult, GuestError, Limits, Manifest, Plugin, PluginContext,
    PluginError, QueryDataReply, QueryDataRequest, Target,
};
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::sync::{OnceCell, mpsc, oneshot};

/// One loaded version of a plugin.
pub(crate) struct WasmPlugin {
    host: Arc<WasmHost>,
    manifest: Arc<Manifest>,
    wasm: Arc<[u8]>,
    prepared: OnceCell<Result<Arc<Prepared>, String>>,
    instances: Instances,
    decommissioned: AtomicBool,
    exited: AtomicBool,
}

impl WasmPlugin {
    /// A plugin that compiles when `start` or the first call asks it to.
    pub(crate) fn new(host: Arc<WasmHost>, manifest: Arc<Manifest>, wasm: Arc<[u8]>) -> Self {
        Self {
            instances: Instances::new(host.clone(), manifest.clone()),
            host,
            manifest,
            wasm,
            prepared: OnceCell::new(),
            decommissioned: AtomicBool::new(false),
            exited: AtomicBool::new(false),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.host.around.limits
    }

    pub(super) async fn prepared(&self) -> Result<&Arc<Prepared>, PluginError> {
        let compiled = self.prepared.get_or_init(|| self.host.compile(&self.manifest.id, self.wasm.clone())).await;
        compiled.as_ref().map_err(|reason| self.unavailable(format!("its .wasm {reason}")))
    }

    /// A data source's instance, compiled and configured first where that was not done yet.
    async fn instance(&self, context: &PluginContext) -> Result<Arc<Instance>, PluginError> {
        let prepared = self.prepared().await?;
        self.instances.get(&context.data_source, prepared).await
    }

    /// Makes one call: finds (or makes) the instance, hands `command` over, waits for its reply within the deadline.
    pub(super) async fn call<T>(
        &self,
        context: &PluginContext,
        command: impl FnOnce(types::RequestContext, CallInside, oneshot::Sender<Answer<T>>) -> Command,
    ) -> Result<(Answer<T>, Call), PluginError> {
        if self.decommissioned.load(Ordering::Acquire) {
            return Err(self.unavailable("it was decommissioned".into()));
        }
        let after = context.timeout.unwrap_or(self.limits().call_deadline).min(self.limits().call_deadline);
        let deadline = Instant::now() + after;
        let timed_out = || PluginError::Timeout { plugin_id: self.manifest.id.clone(), after };
        let mut command = Some(command);
        loop {
            let instance = match self.instances.live(&context.data_source) {
                Some(instance) => instance,
                // Boxed, because it is rare and large: every call would carry its state about.
                None => {
                    let made = Box::pin(self.instance(context));
                    self.host.deadlines.within(deadline, made).await.map_err(|_| timed_out())??
                }
            };
            let permit = match instance.reserve() {
                Ok(permit) => permit,
                // It ended since it was looked up, and nothing was handed over: the next look-up makes another.
                Err(mpsc::error::TrySendError::Closed(())) => continue,
                Err(mpsc::error::TrySendError::Full(())) => return Err(self.too_many(&instance)),
            };
            if instance.control().in_flight() >= self.limits().calls_in_flight {
                return Err(self.too_many(&instance));
            }
            let Some(command) = command.take() else { return Err(timed_out()) };
            let (mut guard, inside) = call::open(instance.control());
            let (reply, answered) = oneshot::channel();
            let request_context =
                convert::context(context, &self.manifest, deadline.saturating_duration_since(Instant::now()));
            permit.send(command(request_context, inside, reply));
            return match self.host.deadlines.within(deadline, answered).await {
                Ok(Ok(answer)) => {
                    let deadlines = self.host.deadlines.clone();
                    Ok((answer, Call { guard, deadline, after, instance, deadlines }))
                }
                Ok(Err(_)) => Err(self.ended(context, &instance).await),
                Err(_) => {
                    guard.cancel(CancelReason::Deadline);
                    Err(timed_out())
                }
            };
        }
    }

    /// The reply will not come: says why.
    async fn ended(&self, context: &PluginContext, instance: &Instance) -> PluginError {
        let reason = match tokio::time::timeout(END_IS_NEAR, instance.control().end()).await {
            Ok(exit) => words(exit),
            Err(_) => "the call ended without an answer".into(),
        };
        let reason = context.data_source.secrets.redact(reason);
        PluginError::RequestFailure { plugin_id: self.manifest.id.clone(), reason }
    }

    fn unavailable(&self, reason: String) -> PluginError {
        PluginError::Unavailable { plugin_id: self.manifest.id.clone(), reason }
    }

    fn too_many(&self, instance: &Instance) -> PluginError {
        let (limit, asked) = (self.limits().calls_in_flight, instance.control().in_flight().saturating_add(1));
        PluginError::limit("calls in flight of one data source", limit as u64, asked as u64)
    }
}

impl Plugin for WasmPlugin {
    fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    fn target(&self) -> Target {
        Target::Wasm
    }

    fn start(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(async { self.prepared().await.map(drop) })
    }

    fn stop(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(async {
            self.decommission();
            self.instances.stop(self.limits().drain).await;
            self.exited.store(true, Ordering::Release);
            Ok(())
        })
    }

    fn has_exited(&self) -> bool {
        self.exited.load(Ordering::Acquire)
    }

    fn is_managed(&self) -> bool {
        true
    }

    fn decommission(&self) {
        self.decommissioned.store(true, Ordering::Release);
    }

    fn is_decommissioned(&self) -> bool {
        self.decommissioned.load(Ordering::Acquire)
    }

    fn query_data(
        &self,
        context: Arc<PluginContext>,
        request: QueryDataRequest,
    ) -> BoxFuture<'_, Result<QueryDataReply, PluginError>> {
        Box::pin(self.query(context, request))
    }

    fn check_health(&self, context: Arc<PluginContext>) -> BoxFuture<'_, Result<CheckHealthResult, PluginError>> {
        Box::pin(async move {
            let (answer, call) =
                self.call(&context, |context, call, reply| Command::Health { context, call, reply }).await?;
            call.guard.finish();
            let secrets = &context.data_source.secrets;
            match answer {
                Ok(health) => Ok(convert::health(health, secrets)),
                Err(error) => {
                    let GuestError { message, .. } = convert::guest_error(error, secrets);
                    Err(PluginError::HealthCheckFailed { plugin_id: self.manifest.id.clone(), reason: message })
                }
            }
        })
    }

    fn call_resource(
        &self,
        context: Arc<PluginContext>,
        request: CallResourceRequest,
    ) -> BoxFuture<'_, Result<CallResourceResponse, PluginError>> {
        Box::pin(self.resource(context, request))
    }
}
