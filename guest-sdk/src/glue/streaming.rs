//! The calls of the contract's `streaming` interface.

use std::future::{Future, IntoFuture};
use std::pin::pin;

use futures::FutureExt;
use futures::future::{Either, LocalBoxFuture, select};
use tracing::Instrument;
use wit_bindgen::{FutureReader, StreamReader, StreamWriter};

use super::bindings::datasource::wellhead::plugin::types;
use super::bindings::streaming::exports::wellhead::plugin::streaming as exports;
use super::bindings::streaming::wit_stream;
use super::{Slot, instance};
use crate::streaming::{Packet, PacketSink, ReaderGone, encode, run};
use crate::{Error, ErrorSource, RequestContext, StreamRequest, Streaming, imports};

/// Asks whether a caller may subscribe. The contract has no cancel token here: what takes longer than its budget is dropped,
/// because the host would end the instance.
pub async fn subscribe_stream<S: Streaming>(
    slot: &'static Slot<S>,
    context: types::RequestContext,
    path: String,
    data: String,
) -> Result<exports::Subscribed, types::PluginError> {
    let source = instance(slot)?;
    let context = RequestContext::from(context);
    let subscribed = in_time(&context, source.subscribe_stream(&context, StreamRequest { path, data })).await?;
    let initial = subscribed.initial().map(encode).transpose()?;
    Ok(exports::Subscribed { access: subscribed.access().into(), initial })
}

/// Starts a run, which goes on beside the calls that come after; its log lines bear the channel's path.
pub async fn run_stream<S: Streaming>(
    slot: &'static Slot<S>,
    context: types::RequestContext,
    path: String,
    data: String,
    cancel: FutureReader<types::CancelReason>,
) -> Result<StreamReader<exports::Packet>, types::PluginError> {
    let source = instance(slot)?;
    let context = RequestContext::from(context);
    let (writer, reader) = wit_stream::new();
    imports::spawn(async move {
        let span = tracing::info_span!("stream", path = path.as_str());
        let request = StreamRequest { path, data };
        let running = run(Packets(writer), |sender| source.run_stream(&context, request, sender).instrument(span));
        // Cancelled, at its end or abandoned by its reader: there is nobody left to tell.
        let _ = select(pin!(running), pin!(IntoFuture::into_future(cancel))).await;
    });
    Ok(reader)
}

/// Hands over what a client publishes.
pub async fn publish_stream<S: Streaming>(
    slot: &'static Slot<S>,
    context: types::RequestContext,
    path: String,
    data: String,
) -> Result<exports::Published, types::PluginError> {
    let source = instance(slot)?;
    let context = RequestContext::from(context);
    let published = in_time(&context, source.publish_stream(&context, StreamRequest { path, data })).await?;
    Ok(exports::Published { access: published.access().into(), data: published.data().map(str::to_owned) })
}

/// Runs `work` for as long as its call has a budget; then drops it.
async fn in_time<T>(context: &RequestContext, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    // Before the host's own deadline, so that the answer still gets there.
    let budget = context.remaining().mul_f64(0.95);
    match select(pin!(work), pin!(imports::sleep(budget))).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => {
            let took = format_args!("it took longer than the {} ms it has", budget.as_millis());
            Err(Error::new(504, ErrorSource::Plugin, took))
        }
    }
}

/// Packets on their way to the host.
struct Packets(StreamWriter<exports::Packet>);

impl PacketSink for Packets {
    fn send(&mut self, packet: Packet) -> LocalBoxFuture<'_, Result<(), ReaderGone>> {
        let sent = async { if self.0.write_one(packet.into()).await.is_none() { Ok(()) } else { Err(ReaderGone) } };
        sent.boxed_local()
    }
}
