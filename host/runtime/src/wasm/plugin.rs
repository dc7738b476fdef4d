//! A plugin whose code is a component: generations of code, a route for each data source, one way for every call.

use super::bindings::types::{self, CancelReason};
use super::call::{self, Call, CallInside, END_IS_NEAR, Kind};
use super::compile::Priority;
use super::control::{CallId, Excess, Exit};
use super::convert;
use super::deadlines;
use super::host::WasmHost;
use super::instance::{Answer, Command, Instance};
use super::lives::{Description, Lives, Out};
use super::prepared::Prepared;
use super::route::{Pick, Replica, Route};
use super::routes::Routes;
use crate::{
    CallResourceRequest, CallResourceResponse, CheckHealthResult, GuestError, Manifest, Plugin, PluginContext,
    PluginError, PluginState, PluginStatus, PluginStore, PublishStreamResponse, QuarantinedSource, QueryDataReply,
    QueryDataRequest, StreamRequest, StreamRun, SubscribeStreamResponse, Target,
};
use futures::future::{BoxFuture, join_all};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// How often a call is made again after its instance crashed under it.
const RETRIES: usize = 1;

/// One plugin, whatever its code is now.
pub(crate) struct WasmPlugin {
    pub(super) host: Arc<WasmHost>,
    pub(super) id: String,
    pub(super) lives: Arc<Lives>,
    pub(super) routes: Routes,
    /// Held while its code changes.
    pub(super) changing: tokio::sync::Mutex<()>,
    exited: AtomicBool,
}

impl WasmPlugin {
    /// A plugin without code: `begin` gives it some.
    pub(crate) fn new(host: Arc<WasmHost>, manifest: Arc<Manifest>, store: Arc<PluginStore>) -> Arc<Self> {
        let id = manifest.id.clone();
        let plugin = Arc::new(Self {
            routes: Routes::new(host.clone(), id.clone()),
            lives: Arc::new(Lives::new(manifest, host.around.events.clone(), store)),
            host,
            id,
            changing: tokio::sync::Mutex::default(),
            exited: AtomicBool::new(false),
        });
        plugin.host.tends(&plugin);
        plugin
    }

    /// The code of the newest generation, compiled first where that was not done yet.
    pub(super) async fn prepared(&self) -> Result<Arc<Prepared>, PluginError> {
        let target = self.lives.target()?;
        target.prepared(&self.host, Priority::OnDemand).await.map_err(|error| self.unavailable(error.to_string()))
    }

    /// The instance that `route` sends a call to, made first where there is none.
    async fn instance(
        &self,
        route: &Arc<Route>,
        context: &PluginContext,
        wanted: Replica,
    ) -> Result<Arc<Instance>, PluginError> {
        let target = self.lives.target()?;
        match route.pick(&context.data_source, &target, wanted) {
            Pick::Go(instance) => Ok(instance),
            Pick::Behind(instance) => {
                // While somebody makes an instance, every call would queue up for nothing; the next one after that asks.
                if route.making.try_lock().is_ok() {
                    let (route, lives) = (route.clone(), self.lives.clone());
                    self.host.around.io.spawn(async move { route.turn(&lives, &target).await });
                }
                Ok(instance)
            }
            Pick::Crowded(instance) => {
                let route = route.clone();
                self.host.around.io.spawn(async move { route.add_replica().await });
                Ok(instance)
            }
            // Boxed, because it is rare and large: every call would carry its state about.
            Pick::Open => Box::pin(route.open(&self.lives, &context.data_source)).await,
        }
    }

    /// Makes one call: finds (or makes) the instance, hands a command over, waits for its reply within the deadline.
    ///
    /// `command` makes the command, and makes it again for another try; `None` where it cannot. There is another try
    /// where the instance crashed under the call and nothing was delivered, if the manifest says that is harmless.
    pub(super) async fn call<T>(
        &self,
        context: &PluginContext,
        command: impl FnMut(types::RequestContext, CallInside, oneshot::Sender<Answer<T>>) -> Option<Command>,
    ) -> Result<(Answer<T>, Call), PluginError> {
        let route = self.routes.of(&context.data_source);
        self.call_by(&route, context, Kind::Call, command).await
    }

    /// As [`call`](Self::call), by a route that is known already, with what is said of how it ends.
    pub(super) async fn call_by<T>(
        &self,
        route: &Arc<Route>,
        context: &PluginContext,
        kind: Kind,
        mut command: impl FnMut(types::RequestContext, CallInside, oneshot::Sender<Answer<T>>) -> Option<Command>,
    ) -> Result<(Answer<T>, Call), PluginError> {
        let wanted = if kind == Kind::Call { Replica::Any } else { Replica::First };
        let after = context.timeout.unwrap_or(route.limits.call_deadline).min(route.limits.call_deadline);
        let deadline = deadlines::after(Instant::now(), after);
        let timed_out = || PluginError::Timeout { plugin_id: self.id.clone(), after };
        let deadlines = &self.host.deadlines;
        let mut retries = 0;
        let mut failure = None;
        loop {
            let found = self.instance(route, context, wanted);
            let instance = deadlines.within(deadline, found).await.map_err(|_| timed_out())??;
            let permit = match instance.reserve() {
                Ok(permit) => permit,
                // It ended since it was looked up, and nothing was handed over: the next look-up finds another.
                Err(mpsc::error::TrySendError::Closed(())) => {
                    if Instant::now() >= deadline {
                        return Err(timed_out());
                    }
                    tokio::task::yield_now().await;
                    continue;
                }
                Err(mpsc::error::TrySendError::Full(())) => return Err(too_many(route, &instance)),
            };
            if kind != Kind::Stream && instance.control().calls() >= route.limits.calls_in_flight {
                return Err(too_many(route, &instance));
            }
            let manifest = instance.manifest();
            let (mut guard, inside) = call::open(instance.control(), kind, deadline);
            let (reply, answered) = oneshot::channel();
            let budget = match kind {
                Kind::Stream => Duration::MAX,
                Kind::Call | Kind::Untold => deadline.saturating_duration_since(Instant::now()),
            };
            let request_context = convert::context(context, manifest, budget);
            let Some(command) = command(request_context, inside, reply) else {
                return Err(failure.unwrap_or_else(timed_out));
            };
            // A guest that holds no thread for long runs on its caller's: another one costs more than what it does.
            if instance.control().pulse.is_brief() {
                self.host.guests.run_here(|| permit.send(command));
            } else {
                permit.send(command);
            }
            match deadlines.within(deadline, answered).await {
                Ok(Ok(answer)) => {
                    let deadlines = deadlines.clone();
                    return Ok((answer, Call { guard, deadline, after, instance, deadlines }));
                }
                Ok(Err(_)) => {
                    let exit = ended(&instance).await;
                    let again = retries < RETRIES && manifest.capabilities().idempotent;
                    let again = again && !to_blame(exit.as_ref(), guard.id);
                    let error = self.failed(context, exit, guard.id);
                    if !again {
                        return Err(error);
                    }
                    failure = Some(error);
                    retries = retries.saturating_add(1);
                }
                Err(_) => {
                    guard.cancel(CancelReason::Deadline);
                    return Err(timed_out());
                }
            }
        }
    }

    /// The reply will not come: says why.
    fn failed(&self, context: &PluginContext, exit: Option<Exit>, call: CallId) -> PluginError {
        let reason = match exit {
            Some(Exit::Limit(Excess { name, limit, actual, call: blamed })) if blamed == Some(call) => {
                return PluginError::limit(name, limit, actual);
            }
            Some(exit) => exit.to_string(),
            None => "the call ended without an answer".into(),
        };
        let reason = context.data_source.secrets.redact(reason);
        PluginError::RequestFailure { plugin_id: self.id.clone(), reason }
    }

    pub(crate) fn unavailable(&self, reason: String) -> PluginError {
        PluginError::Unavailable { plugin_id: self.id.clone(), reason }
    }

    /// Lets every instance finish its calls, then ends it.
    pub(super) async fn stop_all(&self) {
        let routes = self.routes.all();
        join_all(routes.iter().map(|route| route.stop())).await;
    }

    /// Takes no calls until it is enabled again; its instances finish theirs and end.
    pub(crate) fn disable(self: &Arc<Self>) {
        if self.lives.disable() {
            let plugin = self.clone();
            self.host.around.io.spawn(async move { plugin.stop_all().await });
        }
    }

    /// Takes calls again; true where it did not before.
    pub(crate) fn enable(&self) -> bool {
        self.lives.enable()
    }

    /// Follows its file again after a pin; true where it was pinned.
    pub(crate) fn unpin(&self) -> bool {
        self.lives.pin(None)
    }

    /// Whether it follows its file by itself.
    pub(crate) fn auto_reload(&self, on: bool) {
        self.lives.auto_reload(on);
    }

    /// Notes that its file was refused.
    pub(crate) fn file_rejected(&self, file: &std::path::Path, reason: String) {
        self.lives.rejected(Some(file), None, reason);
    }

    /// Lets data sources out of quarantine: one of them, or all.
    pub(crate) fn release(&self, data_source: Option<(i64, &str)>) -> usize {
        let routes = self.routes.all();
        let meant = |route: &&Arc<Route>| {
            data_source.is_none_or(|(org_id, uid)| route.source.org == org_id && route.source.uid == uid)
        };
        routes.iter().filter(meant).filter(|route| route.release()).count()
    }

    /// A data source is no more: its instances finish their calls and end.
    pub(crate) fn forget(&self, org_id: i64, uid: &str) {
        if let Some(route) = self.routes.forget(org_id, uid) {
            self.host.around.io.spawn(async move { route.stop().await });
        }
    }

    pub(crate) fn status(&self) -> PluginStatus {
        let Description { current, previous, candidate, pinned, auto_reload, waiting, last_rejection } =
            self.lives.describe();
        let routes = self.routes.all();
        let quarantined = routes.iter().filter_map(|route| {
            let reason = route.quarantine()?;
            Some(QuarantinedSource { org_id: route.source.org, uid: route.source.uid.clone(), reason })
        });
        let quarantined: Vec<QuarantinedSource> = quarantined.collect();
        let state = match self.lives.state() {
            PluginState::Active if !routes.is_empty() && quarantined.len() == routes.len() => PluginState::Quarantined,
            PluginState::Retired if routes.iter().any(|route| route.active().is_some()) => PluginState::Draining,
            state => state,
        };
        let plugin_id = self.id.clone();
        PluginStatus {
            plugin_id,
            state,
            current,
            previous,
            candidate,
            pinned,
            auto_reload,
            waiting,
            last_rejection,
            quarantined,
        }
    }
}

/// How the instance ended, where it did.
async fn ended(instance: &Instance) -> Option<Exit> {
    tokio::time::timeout(END_IS_NEAR, instance.control().end()).await.ok()
}

/// Whether this very call ended the instance, or nothing crashed at all: trying again would be wrong or useless.
fn to_blame(exit: Option<&Exit>, call: CallId) -> bool {
    match exit {
        Some(Exit::Crashed(_) | Exit::Killed(_)) => false,
        Some(Exit::Limit(excess)) => excess.call == Some(call),
        Some(Exit::Stopped) | None => true,
    }
}

fn too_many(route: &Route, instance: &Instance) -> PluginError {
    let (limit, asked) = (route.limits.calls_in_flight, instance.control().calls().saturating_add(1));
    PluginError::limit("calls in flight of one data source", limit as u64, asked as u64)
}

impl Plugin for WasmPlugin {
    fn manifest(&self) -> Arc<Manifest> {
        self.lives.manifest()
    }

    fn target(&self) -> Target {
        Target::Wasm
    }

    fn start(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(async {
            let generation = self.lives.target()?;
            let compiled = self.compile(&generation, Priority::Background).await;
            compiled.map_err(|error| self.unavailable(self.does_not_compile(&generation, &error)))
        })
    }

    fn stop(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(async {
            self.decommission();
            self.stop_all().await;
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
        self.lives.decommission("it was decommissioned");
    }

    fn is_decommissioned(&self) -> bool {
        matches!(self.lives.out(), Some(Out::Decommissioned(_)))
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
                self.call(&context, |context, call, reply| Some(Command::Health { context, call, reply })).await?;
            call.guard.finish();
            let secrets = &context.data_source.secrets;
            match answer {
                Ok(health) => Ok(convert::health(health, secrets)),
                Err(error) => {
                    let GuestError { message, .. } = convert::guest_error(error, secrets);
                    Err(PluginError::HealthCheckFailed { plugin_id: self.id.clone(), reason: message })
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

    fn subscribe_stream(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> BoxFuture<'_, Result<SubscribeStreamResponse, PluginError>> {
        Box::pin(self.subscribe(context, request))
    }

    fn run_stream(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> BoxFuture<'_, Result<StreamRun, PluginError>> {
        Box::pin(self.run(context, request))
    }

    fn publish_stream(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> BoxFuture<'_, Result<PublishStreamResponse, PluginError>> {
        Box::pin(self.publish(context, request))
    }
}
