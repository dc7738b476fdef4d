//! A plugin whose code is a component: compiled once, instantiated once a data source.

use super::bindings::types::{self, CancelReason};
use super::call::{self, CallGuard, CallInside};
use super::convert;
use super::deadlines::{Deadlines, Elapsed};
use super::decode::{self, Decoder};
use super::host::WasmHost;
use super::instance::{Answer, Command, Instance, RawReply, ResourceHead};
use super::instances::{Instances, words};
use super::prepared::Prepared;
use crate::{
    CallResourceRequest, CallResourceResponse, CheckHealthResult, GuestError, Manifest, Piece, PieceStream, Plugin,
    PluginContext, PluginError, QueryDataReply, QueryDataRequest, ResourceBody, Target,
};
use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OnceCell, mpsc, oneshot};

/// Replies whose frames have more bytes than this are decoded off the async threads.
const DECODE_INLINE_BYTES: usize = 256 << 10;
/// How long a call whose reply went missing waits for its instance to say that it ended.
const END_IS_NEAR: Duration = Duration::from_secs(1);

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

    async fn prepared(&self) -> Result<&Arc<Prepared>, PluginError> {
        let compiled = self.prepared.get_or_init(|| self.host.compile(&self.manifest.id, self.wasm.clone())).await;
        compiled.as_ref().map_err(|reason| self.unavailable(format!("its .wasm {reason}")))
    }

    /// Makes one call: finds (or makes) the instance, hands `command` over, waits for its reply within the deadline.
    async fn call<T>(
        &self,
        context: &PluginContext,
        command: impl FnOnce(types::RequestContext, CallInside, oneshot::Sender<Answer<T>>) -> Command,
    ) -> Result<(Answer<T>, Call), PluginError> {
        if self.decommissioned.load(Ordering::Acquire) {
            return Err(self.unavailable("it was decommissioned".into()));
        }
        let after = context.timeout.unwrap_or(self.host.limits.call_deadline).min(self.host.limits.call_deadline);
        let deadline = Instant::now() + after;
        let timed_out = || PluginError::Timeout { plugin_id: self.manifest.id.clone(), after };
        let prepared = self.prepared();
        let prepared = self.host.deadlines.within(deadline, prepared).await.map_err(|_| timed_out())??;
        let mut command = Some(command);
        loop {
            let made = self.instances.get(&context.data_source, prepared);
            let instance = self.host.deadlines.within(deadline, made).await.map_err(|_| timed_out())??;
            let permit = match instance.reserve() {
                Ok(permit) => permit,
                // It ended since it was looked up, and nothing was handed over: the next look-up makes another.
                Err(mpsc::error::TrySendError::Closed(())) => continue,
                Err(mpsc::error::TrySendError::Full(())) => return Err(self.too_many(&instance)),
            };
            if instance.control().in_flight() >= self.host.limits.calls_in_flight {
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
        let (limit, asked) = (self.host.limits.calls_in_flight, instance.control().in_flight().saturating_add(1));
        PluginError::limit("calls in flight of one data source", limit as u64, asked as u64)
    }

    async fn query(
        &self,
        context: Arc<PluginContext>,
        request: QueryDataRequest,
    ) -> Result<QueryDataReply, PluginError> {
        let asked = decode::ref_ids(&request.queries)?;
        let queries: Vec<_> = request.queries.into_iter().map(convert::query).collect();
        let (answer, call) =
            self.call(&context, |context, call, reply| Command::Query { context, queries, call, reply }).await?;
        let RawReply { ready, rest } = match answer {
            Ok(reply) => reply,
            Err(error) => {
                call.guard.finish();
                let error = convert::guest_error(error, &context.data_source.secrets);
                return Ok(QueryDataReply::ready(decode::all_failed(asked, &error)));
            }
        };
        let mut decoder = Decoder::new(&self.manifest.id, context.data_source.clone(), asked, self.host.limits.frames);
        let bytes: usize = ready.iter().flat_map(|response| &response.frames).map(Vec::len).sum();
        let mut ready = if bytes <= DECODE_INLINE_BYTES {
            decoder.ready(ready)
        } else {
            let decoded = tokio::task::spawn_blocking(move || {
                let ready = decoder.ready(ready);
                (ready, decoder)
            });
            let (ready, returned) = decoded.await.map_err(|error| self.decoding_failed(&error))?;
            decoder = returned;
            ready
        };
        let rest = match rest {
            Some(pieces) => {
                let (sender, receiver) = mpsc::channel(2);
                tokio::spawn(forward(pieces, decoder, call, sender, self.manifest.id.clone()));
                Some(PieceStream::new(receiver))
            }
            None => {
                call.guard.finish();
                ready.extend(decoder.unanswered());
                None
            }
        };
        Ok(QueryDataReply { ready, rest })
    }

    fn decoding_failed(&self, error: &tokio::task::JoinError) -> PluginError {
        let reason = format!("its frames could not be decoded: {error}");
        PluginError::RequestFailure { plugin_id: self.manifest.id.clone(), reason }
    }

    async fn resource(
        &self,
        context: Arc<PluginContext>,
        request: CallResourceRequest,
    ) -> Result<CallResourceResponse, PluginError> {
        if self.prepared().await?.resources.is_none() {
            let plugin_id = self.manifest.id.clone();
            return Err(PluginError::MethodNotImplemented { plugin_id, method: "call-resource" });
        }
        let CallResourceRequest { method, path, query, headers, body } = request;
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        let head = ResourceHead { method: method.to_string(), path, query, headers };
        // An error of the client's body ends the guest's stream: the contract has no word for it.
        let body = body
            .into_stream()
            .take_while(|chunk| std::future::ready(chunk.is_ok()))
            .filter_map(async |chunk| chunk.ok());
        let body = body.boxed();
        let (answer, call) =
            self.call(&context, |context, call, reply| Command::Resource { context, head, body, call, reply }).await?;
        let secrets = &context.data_source.secrets;
        let raw = match answer {
            Ok(raw) => raw,
            Err(error) => {
                call.guard.finish();
                return Err(PluginError::Guest(convert::guest_error(error, secrets)));
            }
        };
        let status = StatusCode::from_u16(raw.status).ok().filter(|status| status.as_u16() >= 200);
        let status =
            status.ok_or_else(|| self.bad_resource(format!("status {} is not a final HTTP status", raw.status)))?;
        let mut headers = HeaderMap::with_capacity(raw.headers.len().min(64));
        for (name, value) in raw.headers {
            let legal = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_bytes(&value).ok());
            let Some((name, value)) = legal else {
                let shown: String = name.chars().take(64).collect();
                return Err(self.bad_resource(format!("header {shown:?} is not legal HTTP")));
            };
            headers.append(name, value);
        }
        let (source, plugin_id) = (context.data_source.clone(), self.manifest.id.clone());
        let body = futures::stream::unfold(Some((raw.body, call)), move |state| {
            let (source, plugin_id) = (source.clone(), plugin_id.clone());
            async move {
                let (mut chunks, mut call) = state?;
                match call.within(chunks.recv()).await {
                    Ok(Some(Ok(chunk))) => Some((Ok(Bytes::from(chunk)), Some((chunks, call)))),
                    Ok(Some(Err(error))) => {
                        Some((Err(PluginError::Guest(convert::guest_error(error, &source.secrets))), None))
                    }
                    Ok(None) => call.clean_end(&plugin_id).await.err().map(|error| (Err(error), None)),
                    Err(_) => {
                        call.guard.cancel(CancelReason::Deadline);
                        Some((Err(PluginError::Timeout { plugin_id, after: call.after }), None))
                    }
                }
            }
        });
        Ok(CallResourceResponse { status, headers, body: ResourceBody::stream(body) })
    }

    fn bad_resource(&self, reason: String) -> PluginError {
        let reason = format!("its resource response is not valid: {reason}");
        PluginError::RequestFailure { plugin_id: self.manifest.id.clone(), reason }
    }
}

/// A call whose head was answered and whose stream may still run.
struct Call {
    guard: CallGuard,
    deadline: Instant,
    after: Duration,
    /// Kept alive while its streams run.
    instance: Arc<Instance>,
    deadlines: Arc<Deadlines>,
}

impl Call {
    /// Waits for `work`, until the call's deadline at most.
    async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        self.deadlines.within(self.deadline, work).await
    }

    /// After a stream's end: an error where it ended because the instance did.
    async fn clean_end(mut self, plugin_id: &str) -> Result<(), PluginError> {
        let over = self.guard.over();
        let plugin_id = plugin_id.to_owned();
        match self.within(over).await {
            Ok(Ok(())) => {
                self.guard.finish();
                Ok(())
            }
            Ok(Err(_)) => {
                let exit = tokio::time::timeout(END_IS_NEAR, self.instance.control().end()).await;
                let reason = exit.map_or_else(|_| "the call ended early".into(), words);
                Err(PluginError::RequestFailure { plugin_id, reason })
            }
            Err(Elapsed) => Err(PluginError::Timeout { plugin_id, after: self.after }),
        }
    }
}

fn bytes_of(piece: &types::Piece) -> usize {
    match piece {
        types::Piece::Begin(begin) => begin.schema.len(),
        types::Piece::Batch(batch) => batch.message.len(),
        types::Piece::Done(response) => response.frames.iter().map(Vec::len).sum(),
    }
}

/// Decodes pieces as they come and hands them on, until the guest is done, the deadline passes or the reader is gone.
async fn forward(
    mut pieces: mpsc::Receiver<types::Piece>,
    mut decoder: Decoder,
    mut call: Call,
    out: mpsc::Sender<Result<Piece, PluginError>>,
    plugin_id: String,
) {
    loop {
        let raw = tokio::select! {
            biased;
            // Dropping the guard tells the guest.
            () = out.closed() => return,
            raw = call.within(pieces.recv()) => raw,
        };
        let piece = match raw {
            Ok(Some(raw)) => {
                if bytes_of(&raw) <= DECODE_INLINE_BYTES {
                    decoder.piece(raw)
                } else {
                    let decoded = tokio::task::spawn_blocking(move || {
                        let piece = decoder.piece(raw);
                        (piece, decoder)
                    });
                    let Ok((piece, returned)) = decoded.await else { return };
                    decoder = returned;
                    piece
                }
            }
            Ok(None) => break,
            Err(_) => {
                call.guard.cancel(CancelReason::Deadline);
                let _ = out.send(Err(PluginError::Timeout { plugin_id, after: call.after })).await;
                return;
            }
        };
        let Some(piece) = piece else { continue };
        // A reader that does not keep up holds the guest back, but not past the deadline.
        match call.within(out.send(Ok(piece))).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                call.guard.cancel(CancelReason::Deadline);
                return;
            }
        }
    }
    if let Err(error) = call.clean_end(&plugin_id).await {
        let _ = out.send(Err(error)).await;
        return;
    }
    for response in decoder.unanswered() {
        let _ = out.send(Ok(Piece::Done(response))).await;
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
            self.instances.stop(self.host.limits.drain).await;
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
