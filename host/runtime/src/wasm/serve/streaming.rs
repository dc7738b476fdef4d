//! The calls of the contract's `streaming` interface, inside the Store.

use super::{Reply, wait_for_end};
use crate::wasm::bindings::{streaming, types};
use crate::wasm::call::CallInside;
use crate::wasm::instance::{Answer, ChannelHead, RawRun};
use crate::wasm::state::HostState;
use crate::wasm::streams::{ItemSink, Items};
use tokio::sync::oneshot;
use wasmtime::component::{Accessor, FutureReader};

pub(super) async fn subscribe(
    accessor: &Accessor<HostState>,
    guest: &streaming::Guest,
    context: types::RequestContext,
    channel: ChannelHead,
    call: CallInside,
    reply: oneshot::Sender<Answer<streaming::Subscribed>>,
) -> wasmtime::Result<Option<Reply>> {
    let (_, in_flight) = call.split();
    let ChannelHead { path, data } = channel;
    let subscribed = guest.call_subscribe_stream(accessor, context, path, data).await?;
    in_flight.finish();
    let _ = reply.send(subscribed);
    Ok(None)
}

/// The call is in flight for as long as the stream it answers.
pub(super) async fn run(
    accessor: &Accessor<HostState>,
    guest: &streaming::Guest,
    context: types::RequestContext,
    channel: ChannelHead,
    call: CallInside,
    reply: oneshot::Sender<Answer<RawRun>>,
) -> wasmtime::Result<Option<Reply>> {
    let (token, in_flight) = call.split();
    let cancel = accessor.with(|store| FutureReader::new(store, token))?;
    let ChannelHead { path, data } = channel;
    let stream = match guest.call_run_stream(accessor, context, path, data, cancel).await? {
        Ok(stream) => stream,
        Err(error) => {
            in_flight.finish();
            let _ = reply.send(Err(error));
            return Ok(None);
        }
    };
    let (sink, Items { items, closed }) = ItemSink::new();
    accessor.with(|store| stream.pipe(store, sink))?;
    // A caller that is gone drops the packets' receiver with the reply, and the guest finds out at its next write.
    let _ = reply.send(Ok(RawRun { packets: items }));
    wait_for_end(closed).await;
    in_flight.finish();
    Ok(None)
}

pub(super) async fn publish(
    accessor: &Accessor<HostState>,
    guest: &streaming::Guest,
    context: types::RequestContext,
    channel: ChannelHead,
    call: CallInside,
    reply: oneshot::Sender<Answer<streaming::Published>>,
) -> wasmtime::Result<Option<Reply>> {
    let (_, in_flight) = call.split();
    let ChannelHead { path, data } = channel;
    let published = guest.call_publish_stream(accessor, context, path, data).await?;
    in_flight.finish();
    let _ = reply.send(published);
    Ok(None)
}
