//! Inside a Store: takes requests from the inbox and drives the guest's exports, all of them side by side.

mod streaming;

use super::bindings::{datasource, resources, types};
use super::call::CallInside;
use super::control::Control;
use super::instance::{Answer, Command, Guest, RawReply, RawResource, ResourceHead};
use super::state::HostState;
use super::streams::{ChunkProducer, ItemSink, Items};
use super::threads;
use bytes::Bytes;
use futures::stream::{BoxStream, FuturesUnordered, StreamExt};
use std::task::{Context, Poll, Waker};
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::{Accessor, FutureReader, StreamReader};

/// Replies held back at most.
const MOST_HELD_BACK: usize = 64;
/// Calls that begin on a caller's thread before the guest has another turn.
const MOST_BEGUN_ON_LENT: usize = 4;

/// Serves until the inbox closes or the instance is told to stop, then finishes what is in flight.
///
/// Replies are held back while calls go on finishing and then sent together: each reply may wake another thread, which
/// costs as much as a small call, and callers that are awake already cost nothing to wake again.
pub(super) async fn calls(
    accessor: &Accessor<HostState>,
    guest: &Guest,
    mut inbox: mpsc::Receiver<Command>,
    control: &Control,
) {
    let in_turn = &control.pulse.in_turn;
    let waker = Waker::from(in_turn.clone());
    let mut calls = FuturesUnordered::new();
    let mut outbox: Vec<Reply> = Vec::new();
    let (mut stopping, mut open) = (false, true);
    std::future::poll_fn(|cx| {
        control.pulse.turned(cx);
        if !stopping && control.is_ending() {
            stopping = true;
            // What already has a place in the inbox is still served.
            inbox.close();
        }
        in_turn.take();
        // Whoever lends his thread has other work, too.
        let is_lent = threads::is_lent();
        let turn_is_long = is_lent && control.pulse.turn_is_long();
        let mut room = match is_lent {
            true if turn_is_long => 0,
            true => MOST_BEGUN_ON_LENT,
            false => usize::MAX,
        };
        while open {
            if room == 0 && !inbox.is_empty() {
                waker.wake_by_ref();
                break;
            }
            match inbox.poll_recv(cx) {
                Poll::Ready(Some(command)) => {
                    calls.push(serve(accessor, guest, command));
                    control.pulse.begins_call();
                    room = room.saturating_sub(1);
                }
                Poll::Ready(None) => open = false,
                Poll::Pending => break,
            }
        }
        let held_back = outbox.len();
        let mut calls_context = Context::from_waker(&waker);
        while let Poll::Ready(Some(reply)) = calls.poll_next_unpin(&mut calls_context) {
            outbox.extend(reply);
        }
        let goes_on = outbox.len() > held_back && !calls.is_empty();
        if goes_on && outbox.len() < MOST_HELD_BACK && !turn_is_long {
            // Back after the guest's next turn.
            waker.wake_by_ref();
            return Poll::Pending;
        }
        outbox.drain(..).for_each(Reply::send);
        if !open && calls.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// A finished call's answer and who waits for it.
enum Reply {
    Query(oneshot::Sender<Answer<RawReply>>, Answer<RawReply>),
    Health(oneshot::Sender<Answer<datasource::Health>>, Answer<datasource::Health>),
}

impl Reply {
    /// A caller that is gone needs no answer; what it would have streamed ends with it.
    fn send(self) {
        match self {
            Self::Query(caller, answer) => drop(caller.send(answer)),
            Self::Health(caller, answer) => drop(caller.send(answer)),
        }
    }
}

/// An error here is the guest's trap or a broken rule of the component model: `run_concurrent` reports the same and
/// ends the Store, so there is nobody to tell but the caller, who learns it from the instance's end.
async fn serve(accessor: &Accessor<HostState>, guest: &Guest, command: Command) -> Option<Reply> {
    let outcome = match command {
        Command::Query { context, queries, call, reply } => query(accessor, guest, context, queries, call, reply).await,
        Command::Health { context, call, reply } => health(accessor, guest, context, call, reply).await,
        Command::Resource { context, head, body, call, reply } => match &guest.resources {
            Some(resources) => resource(accessor, resources, context, head, body, call, reply).await,
            None => Ok(None),
        },
        Command::Subscribe { context, channel, call, reply } => match &guest.streaming {
            Some(guest) => streaming::subscribe(accessor, guest, context, channel, call, reply).await,
            None => Ok(None),
        },
        Command::Run { context, channel, call, reply } => match &guest.streaming {
            Some(guest) => streaming::run(accessor, guest, context, channel, call, reply).await,
            None => Ok(None),
        },
        Command::Publish { context, channel, call, reply } => match &guest.streaming {
            Some(guest) => streaming::publish(accessor, guest, context, channel, call, reply).await,
            None => Ok(None),
        },
    };
    outcome.unwrap_or_else(|error| {
        tracing::debug!(target: "wellhead::runtime", "call ended the instance: {error:#}");
        None
    })
}

async fn query(
    accessor: &Accessor<HostState>,
    guest: &Guest,
    context: types::RequestContext,
    queries: Vec<types::DataQuery>,
    call: CallInside,
    reply: oneshot::Sender<Answer<RawReply>>,
) -> wasmtime::Result<Option<Reply>> {
    let (token, in_flight) = call.split();
    let cancel = accessor.with(|store| FutureReader::new(store, token))?;
    let answer = match guest.datasource.call_query_data(accessor, context, queries, cancel).await? {
        Ok(answer) => answer,
        Err(error) => {
            in_flight.finish();
            return Ok(Some(Reply::Query(reply, Err(error))));
        }
    };
    let Some(pieces) = answer.rest else {
        in_flight.finish();
        return Ok(Some(Reply::Query(reply, Ok(RawReply { ready: answer.ready, rest: None }))));
    };
    let (sink, Items { items, closed }) = ItemSink::new();
    accessor.with(|store| pieces.pipe(store, sink))?;
    // A caller that is gone drops the pieces' receiver with the reply, and the guest finds out at its next write.
    Reply::Query(reply, Ok(RawReply { ready: answer.ready, rest: Some(items) })).send();
    wait_for_end(closed).await;
    in_flight.finish();
    Ok(None)
}

async fn health(
    accessor: &Accessor<HostState>,
    guest: &Guest,
    context: types::RequestContext,
    call: CallInside,
    reply: oneshot::Sender<Answer<datasource::Health>>,
) -> wasmtime::Result<Option<Reply>> {
    let (token, in_flight) = call.split();
    let cancel = accessor.with(|store| FutureReader::new(store, token))?;
    let health = guest.datasource.call_check_health(accessor, context, cancel).await?;
    in_flight.finish();
    Ok(Some(Reply::Health(reply, health)))
}

async fn resource(
    accessor: &Accessor<HostState>,
    guest: &resources::Guest,
    context: types::RequestContext,
    head: ResourceHead,
    body: BoxStream<'static, Bytes>,
    call: CallInside,
    reply: oneshot::Sender<Answer<RawResource>>,
) -> wasmtime::Result<Option<Reply>> {
    let (token, in_flight) = call.split();
    let cancel = accessor.with(|store| FutureReader::new(store, token))?;
    let body = accessor.with(|store| StreamReader::new(store, ChunkProducer::new(body)))?;
    let ResourceHead { method, path, query, headers } = head;
    let request = resources::ResourceRequest { method, path, query, headers, body };
    let response = match guest.call_call_resource(accessor, context, request, cancel).await? {
        Ok(response) => response,
        Err(error) => {
            in_flight.finish();
            let _ = reply.send(Err(error));
            return Ok(None);
        }
    };
    let (sink, Items { items, closed }) = ItemSink::new();
    accessor.with(|store| response.body.pipe(store, sink))?;
    let _ = reply.send(Ok(RawResource { status: response.status, headers: response.headers, body: items }));
    wait_for_end(closed).await;
    in_flight.finish();
    Ok(None)
}

/// A call is over when its last stream is.
async fn wait_for_end(closed: oneshot::Receiver<()>) {
    let _ = closed.await;
}
