//! The streaming calls of a wasm plugin: who may subscribe, what is published, and the run that feeds a channel.
//!
//! A run goes on until its reader drops it, the guest ends it or its instance does. When the instance makes room for
//! another, the run ends as moved.

use super::bindings::streaming::{Access, Packet};
use super::bindings::types::CancelReason;
use super::call::{Call, Kind};
use super::convert;
use super::instance::{ChannelHead, Command, RawRun};
use super::packets::{Encoded, PacketDecoder};
use super::plugin::WasmPlugin;
use crate::{
    DataSourceSettings, FrameSender, GuestError, PluginContext, PluginError, PublishStreamResponse, RunEnd,
    StreamAccess, StreamRequest, StreamRun, SubscribeStreamResponse,
};
use futures::FutureExt;
use serde_json::value::RawValue;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::mpsc;
use wellhead_frame::Frame;

/// Longest JSON document that a guest may hand to a channel's subscribers, in bytes.
const MAX_PUBLISHED: usize = 1 << 20;

impl WasmPlugin {
    /// Asks whether the caller may subscribe, where the component exports `streaming`.
    pub(super) async fn subscribe(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> Result<SubscribeStreamResponse, PluginError> {
        self.streams("subscribe-stream").await?;
        let route = self.routes.of(&context.data_source);
        let command = |context, call, reply| Some(Command::Subscribe { context, channel: head(&request), call, reply });
        let (answer, call) = self.call_by(&route, &context, Kind::Untold, command).await?;
        call.guard.finish();
        let subscribed = answer.map_err(|error| guest_error(error, &context.data_source))?;
        let initial = match subscribed.initial {
            Some(frame) => Some(PacketDecoder::default().decode(Encoded::Frame(frame)).await),
            None => None,
        };
        let initial = initial.transpose().map_err(|reason| invalid_frame(&self.id, &request.path, &reason))?;
        Ok(SubscribeStreamResponse { access: access(subscribed.access), initial })
    }

    /// Hands over what a client publishes.
    pub(super) async fn publish(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> Result<PublishStreamResponse, PluginError> {
        self.streams("publish-stream").await?;
        let route = self.routes.of(&context.data_source);
        // Made once: what was published may have taken effect.
        let mut channel = Some(head(&request));
        let command = |context, call, reply| {
            let channel = channel.take()?;
            Some(Command::Publish { context, channel, call, reply })
        };
        let (answer, call) = self.call_by(&route, &context, Kind::Untold, command).await?;
        call.guard.finish();
        let published = answer.map_err(|error| guest_error(error, &context.data_source))?;
        let document = |data| self.document(&request.path, &context.data_source, data);
        let data = published.data.map(document).transpose()?;
        Ok(PublishStreamResponse { access: access(published.access), data })
    }

    /// What a guest hands to a channel's subscribers, without its secrets; still JSON when they are out.
    fn document(&self, path: &str, source: &DataSourceSettings, data: String) -> Result<String, PluginError> {
        if data.len() > MAX_PUBLISHED {
            return Err(PluginError::limit("bytes published", MAX_PUBLISHED as u64, data.len() as u64));
        }
        let data = source.secrets.redact(data);
        match serde_json::from_str::<&RawValue>(&data) {
            Ok(_) => Ok(data),
            Err(error) => {
                let reason = format!("what it publishes to {path:?} is not JSON: {error}");
                Err(PluginError::RequestFailure { plugin_id: self.id.clone(), reason })
            }
        }
    }

    /// Has a channel fed.
    pub(super) async fn run(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> Result<StreamRun, PluginError> {
        self.streams("run-stream").await?;
        let route = self.routes.of(&context.data_source);
        let limit = route.limits.streams;
        let place = route.streams.place(limit);
        let place = place.map_err(|taken| {
            PluginError::limit("streams of one data source", limit as u64, (taken as u64).saturating_add(1))
        })?;
        let command = |context, call, reply| Some(Command::Run { context, channel: head(&request), call, reply });
        let (answer, call) = self.call_by(&route, &context, Kind::Stream, command).await?;
        let RawRun { packets } = match answer {
            Ok(run) => run,
            Err(error) => {
                call.guard.finish();
                return Err(guest_error(error, &context.data_source));
            }
        };
        let (out, run) = StreamRun::channel();
        let (plugin_id, source, decoder) = (self.id.clone(), context.data_source.clone(), PacketDecoder::default());
        let feed = Feed { plugin_id, path: request.path, source, decoder };
        tokio::spawn(feed.run(packets, call, out));
        Ok(run.holding(place))
    }

    /// An error where the component does not export `streaming`.
    async fn streams(&self, method: &'static str) -> Result<(), PluginError> {
        match self.prepared().await?.streaming {
            Some(_) => Ok(()),
            None => Err(PluginError::MethodNotImplemented { plugin_id: self.id.clone(), method }),
        }
    }
}

fn head(request: &StreamRequest) -> ChannelHead {
    ChannelHead { path: request.path.clone(), data: request.data.clone() }
}

fn access(access: Access) -> StreamAccess {
    match access {
        Access::Ok => StreamAccess::Ok,
        Access::NotFound => StreamAccess::NotFound,
        Access::PermissionDenied => StreamAccess::PermissionDenied,
    }
}

fn guest_error(error: super::bindings::types::PluginError, source: &DataSourceSettings) -> PluginError {
    PluginError::Guest(convert::guest_error(error, &source.secrets))
}

fn invalid_frame(plugin_id: &str, path: &str, reason: &str) -> PluginError {
    let message = format!("a frame of stream {path:?} from plugin {plugin_id:?} is not valid: {reason}");
    PluginError::Guest(GuestError::plugin(500, message))
}

/// What turns one run's packets into frames.
struct Feed {
    plugin_id: String,
    path: String,
    source: Arc<DataSourceSettings>,
    decoder: PacketDecoder,
}

impl Feed {
    /// Hands frames on as they come, and says how it ended.
    async fn run(self, packets: mpsc::Receiver<Packet>, call: Call, out: FrameSender) {
        let plugin_id = self.plugin_id.clone();
        // Whatever it was that panicked, a reader must not take it for the stream's own end.
        let fed = AssertUnwindSafe(self.forward(packets, call, &out)).catch_unwind().await;
        let end = fed.unwrap_or_else(|_| {
            let reason = "the host failed while it read the stream; its log has more".into();
            Some(RunEnd::Failed(PluginError::RequestFailure { plugin_id, reason }))
        });
        // Nothing of the guest waits for a reader that does not read.
        if let Some(end) = end {
            out.end(end).await;
        }
    }

    /// `None` where the reader is gone. A reader that does not keep up holds the guest back.
    async fn forward(
        mut self,
        mut packets: mpsc::Receiver<Packet>,
        mut call: Call,
        out: &FrameSender,
    ) -> Option<RunEnd> {
        let instance = call.instance.clone();
        let mut stopped = std::pin::pin!(instance.control().stopped());
        loop {
            let packet = tokio::select! {
                biased;
                // Dropping the guard tells the guest.
                () = out.closed() => return None,
                () = &mut stopped => {
                    call.guard.cancel(CancelReason::Draining);
                    return Some(RunEnd::Moved);
                }
                packet = packets.recv() => packet,
            };
            let Some(packet) = packet else {
                let end = call.clean_end(&self.plugin_id, &self.source.secrets).await;
                return Some(end.map_or_else(RunEnd::Failed, |()| RunEnd::Finished));
            };
            instance.control().stream_sent();
            let frame = match self.frame(packet).await {
                Ok(frame) => frame,
                // Dropping the guard tells the guest.
                Err(error) => return Some(RunEnd::Failed(error)),
            };
            tokio::select! {
                biased;
                sent = out.send(frame) => if sent.is_err() { return None },
                () = &mut stopped => {
                    call.guard.cancel(CancelReason::Draining);
                    return Some(RunEnd::Moved);
                }
            }
        }
    }

    async fn frame(&mut self, packet: Packet) -> Result<Frame, PluginError> {
        let encoded = match packet {
            Packet::Frame(bytes) => Encoded::Frame(bytes),
            Packet::Batch(bytes) => Encoded::Batch(bytes),
            Packet::Failed(error) => return Err(guest_error(error, &self.source)),
        };
        let frame = self.decoder.decode(encoded).await;
        frame.map_err(|reason| invalid_frame(&self.plugin_id, &self.path, &reason))
    }
}
