//! A channel as Server-Sent Events.

use super::Listener;
use bytes::{Bytes, BytesMut};
use futures::{Stream, stream};
use serde_json::json;
use std::convert::Infallible;
use std::time::Duration;
use wellhead::{Frame, SubscriptionEnd, Update, Wire};
use wellhead_frame::JsonOptions;

/// A line of no meaning after so much silence, so that proxies keep the connection and one that is gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Updates that are there already go out together, up to this.
const TOGETHER_BYTES: usize = 64 << 10;

pub(super) fn chunks(mut listener: Listener) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    // The first line says that whatever comes from here on will be told.
    let mut first = BytesMut::from(&b": subscribed\n\n"[..]);
    if let Some(initial) = listener.subscription.take_initial() {
        first.extend_from_slice(&initial_event(&initial));
    }
    stream::unfold((Some(listener), Some(first.freeze())), |(listener, first)| async move {
        let mut listener = listener?;
        if let Some(first) = first {
            return Some((Ok(first), (Some(listener), None)));
        }
        let (chunk, goes_on) = next(&mut listener).await;
        Some((Ok(chunk), (goes_on.then_some(listener), None)))
    })
}

/// The next chunk, and whether there will be another.
async fn next(listener: &mut Listener) -> (Bytes, bool) {
    let update = tokio::select! {
        biased;
        () = &mut listener.draining => Err(SubscriptionEnd::ShutDown),
        update = listener.subscription.next() => update,
        () = tokio::time::sleep(KEEP_ALIVE) => return (Bytes::from_static(b":\n\n"), true),
    };
    match update {
        Ok(update) => together(update, listener),
        Err(end) => (end_event(listener, &end), false),
    }
}

/// The update and those behind it. Alone it is not copied.
fn together(update: Update, listener: &mut Listener) -> (Bytes, bool) {
    let first = event(&update);
    let mut chunk: Option<BytesMut> = None;
    while chunk.as_ref().map_or(first.len(), BytesMut::len) < TOGETHER_BYTES {
        let more = match listener.subscription.try_next() {
            None => break,
            Some(Ok(update)) => Ok(event(&update)),
            Some(Err(end)) => Err(end_event(listener, &end)),
        };
        let chunk = chunk.get_or_insert_with(|| BytesMut::from(&first[..]));
        match more {
            Ok(more) => chunk.extend_from_slice(&more),
            Err(end) => {
                chunk.extend_from_slice(&end);
                return (std::mem::take(chunk).freeze(), false);
            }
        }
    }
    (chunk.map_or(first, BytesMut::freeze), true)
}

fn event(update: &Update) -> Bytes {
    let kind = if update.frame().is_some() { "frame" } else { "data" };
    update.wire(Wire::EventStream, |_, json| [b"event: ", kind.as_bytes(), b"\ndata: ", json, b"\n\n"].concat())
}

/// A frame that is too large is left out: the channel's own come anyway.
fn initial_event(frame: &Frame) -> Vec<u8> {
    let json = frame.to_json(&JsonOptions::default());
    json.map(|json| [b"event: frame\ndata: ", &json[..], b"\n\n"].concat()).unwrap_or_default()
}

fn end_event(listener: &Listener, end: &SubscriptionEnd) -> Bytes {
    let data = json!({"code": end.code(), "reason": listener.redacted(&end.to_string())});
    format!("event: end\ndata: {data}\n\n").into()
}
