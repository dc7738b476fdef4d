//! The calls of the contract's `datasource` interface.

use std::future::IntoFuture;
use std::pin::pin;
use std::rc::Rc;

use futures::future::{Either, select};
use wit_bindgen::{FutureReader, StreamWriter};

use super::bindings::datasource::exports::wellhead::plugin::datasource::{Health, QueryReply};
use super::bindings::datasource::wellhead::plugin::types;
use super::bindings::datasource::wit_stream;
use super::{Slot, cancelled, instance, until_cancelled};
use crate::reply::answer::answer;
use crate::reply::fan_out;
use crate::reply::pieces::{Piece, PieceSink, ReaderGone};
use crate::{DataSource, Error, InstanceSettings, RequestContext, imports, log};

/// Reads the settings and makes the data source. Log and panic hook are there before any code of the author's runs.
pub fn configure<S: DataSource>(
    slot: &'static Slot<S>,
    settings: types::InstanceSettings,
) -> Result<(), types::PluginError> {
    log::install();
    let source = InstanceSettings::from(settings).typed().and_then(S::configure)?;
    slot.with(|slot| slot.set(Rc::new(source)))
        .map_err(|_| Error::plugin("the host configured this instance twice").into())
}

/// Answers all queries of a request.
pub async fn query_data<S: DataSource>(
    slot: &'static Slot<S>,
    context: types::RequestContext,
    queries: Vec<types::DataQuery>,
    cancel: FutureReader<types::CancelReason>,
) -> Result<QueryReply, types::PluginError> {
    let source = instance(slot)?;
    let context = Rc::new(RequestContext::from(context));
    let answers = queries.into_iter().map(|query| {
        let (source, context) = (source.clone(), context.clone());
        async move { answer(&*source, &context, query.into()).await }
    });
    // Not `until_cancelled`: what is cancelled may be the rest, after this call has returned.
    let mut cancel = Box::pin(IntoFuture::into_future(cancel));
    let reply = match select(pin!(fan_out::run(answers)), &mut cancel).await {
        Either::Left((reply, _)) => reply,
        Either::Right((reason, _)) => return Err(cancelled(reason).into()),
    };
    let rest = reply.rest.map(|rest| {
        let (writer, reader) = wit_stream::new();
        imports::spawn(async move {
            // Cancelled, read to its end or abandoned by its reader: there is nobody left to tell.
            let _ = select(pin!(rest.send_to(Pieces(writer))), cancel).await;
        });
        reader
    });
    Ok(QueryReply { ready: reply.ready.into_iter().map(Into::into).collect(), rest })
}

/// Pieces on their way to the host.
struct Pieces(StreamWriter<types::Piece>);

impl PieceSink for Pieces {
    async fn send(&mut self, pieces: Vec<Piece>) -> Result<(), ReaderGone> {
        let unsent = self.0.write_all(pieces.into_iter().map(Into::into).collect()).await;
        if unsent.is_empty() { Ok(()) } else { Err(ReaderGone) }
    }
}

/// Checks the upstream; a downstream error is a check that failed, not a call that did.
pub async fn check_health<S: DataSource>(
    slot: &'static Slot<S>,
    context: types::RequestContext,
    cancel: FutureReader<types::CancelReason>,
) -> Result<Health, types::PluginError> {
    let source = instance(slot)?;
    let context = RequestContext::from(context);
    let checked = until_cancelled(cancel, source.check_health(&context)).await?;
    Ok(crate::datasource::health_of(checked)?.into())
}

/// Says good-bye. An instance that was never configured has nobody to say it to.
pub async fn shutdown<S: DataSource>(slot: &'static Slot<S>) {
    if let Ok(source) = instance(slot) {
        source.shutdown().await;
    }
}
