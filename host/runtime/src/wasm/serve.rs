//! Inside a Store: takes requests from the inbox and drives the guest's exports, all of them side by side.

use super::bindings::{resources, types};
use super::call::CallInside;
use super::control::Control;
use super::instance::{Answer, Command, Guest, RawReply, RawResource, ResourceHead};
use super::state::HostState;
use super::streams::{ChunkProducer, ItemSink, Items};
use bytes::Bytes;
use futures::stream::{BoxStream, FuturesUnordered, StreamExt};
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::{Accessor, FutureReader, StreamReader};

/// Serves until the inbox closes or the instance is told to stop, then finishes what is in flight.
pub(super) async fn calls(accessor: &Accessor<HostState>, guest: &Guest, mut inbox: mpsc::Receiver<Command>, control: &Control) {
    let mut calls = FuturesUnordered::new();
    let mut stopped = std::pin::pin!(control.stopped());
    let mut stopping = false;
    loop {
        tokio::select! {
            () = &mut stopped, if !stopping => {
                stopping = true;
                // What already has a place in the inbox is still served.
                inbox.close();
            }
            command = inbox.recv() => match command {
                Some(command) => calls.push(serve(accessor, guest, command)),
                None => break,
            },
            Some(()) = calls.next() => {}
        }
    }
    while calls.next().await.is_some() {}
}

/// An error here is the guest's trap or a broken rule of the component model: `run_concurrent` reports the same and
/// ends the Store, so there is nobody to tell but the caller, who learns it from the instance's end.
async fn serve(accessor: &Accessor<HostState>, guest: &Guest, command: Command) {
    let outcome = match command {
        Command::Query { context, queries, call, reply } => query(accessor, guest, context, queries, call, reply).await,
        Command::Health { context, call, reply } => health(accessor, guest, context, call, reply).await,
        Command::Resource { context, head, body, call, reply } => match &guest.resources {
            Some(resources) => resource(accessor, resources, context, head, body, call, reply).await,
            None => Ok(()),
        },
    };
    if let Err(error) = outcome {
        tracing::debug!(target: "wellhead::runtime", "call ended the instance: {error:#}");
    }
}

async fn query(
    accessor: &Accessor<HostState>,
    guest: &Guest,
    context: types::RequestContext,
    queries: Vec<types::DataQuery>,
    call: CallInside,
    reply: oneshot::Sender<Answer<RawReply>>,
) -> wasmtime::Result<()> {
    let (token, _in_flight) = call.split();
    let cancel = accessor.with(|store| FutureReader::new(store, token))?;
    let answer = match guest.datasource.call_query_data(accessor, context, queries, cancel).await? {
        Ok(answer) => answer,
        Err(error) => {
            let _ = reply.send(Err(error));
            return Ok(());
        }
    };
    let (rest, closed) = match answer.rest {
        Some(pieces) => {
            let (sink, Items { items, closed }) = ItemSink::new();
            accessor.with(|store| pieces.pipe(store, sink))?;
            (Some(items), Some(closed))
        }
        None => (None, None),
    };
    // A caller that is gone drops the pieces' receiver with the reply, and the guest finds out at its next write.
    let _ = reply.send(Ok(RawReply { ready: answer.ready, rest }));
    wait_for_end(closed).await;
    Ok(())
}

async fn health(
    accessor: &Accessor<HostState>,
    guest: &Guest,
    context: types::RequestContext,
    call: CallInside,
    reply: oneshot::Sender<Answer<super::bindings::datasource::Health>>,
) -> wasmtime::Result<()> {
    let (token, _in_flight) = call.split();
    let cancel = accessor.with(|store| FutureReader::new(store, token))?;
    let _ = reply.send(guest.datasource.call_check_health(accessor, context, cancel).await?);
    Ok(())
}

async fn resource(
    accessor: &Accessor<HostState>,
    guest: &resources::Guest,
    context: types::RequestContext,
    head: ResourceHead,
    body: BoxStream<'static, Bytes>,
    call: CallInside,
    reply: oneshot::Sender<Answer<RawResource>>,
) -> wasmtime::Result<()> {
    let (token, _in_flight) = call.split();
    let cancel = accessor.with(|store| FutureReader::new(store, token))?;
    let body = accessor.with(|store| StreamReader::new(store, ChunkProducer::new(body)))?;
    let ResourceHead { method, path, query, headers } = head;
    let request = resources::ResourceRequest { method, path, query, headers, body };
    let response = match guest.call_call_resource(accessor, context, request, cancel).await? {
        Ok(response) => response,
        Err(error) => {
            let _ = reply.send(Err(error));
            return Ok(());
        }
    };
    let (sink, Items { items, closed }) = ItemSink::new();
    accessor.with(|store| response.body.pipe(store, sink))?;
    let _ = reply.send(Ok(RawResource { status: response.status, headers: response.headers, body: items }));
    wait_for_end(Some(closed)).await;
    Ok(())
}

/// A call is over when its last stream is.
async fn wait_for_end(closed: Option<oneshot::Receiver<()>>) {
    if let Some(closed) = closed {
        let _ = closed.await;
    }
}
