//! Streams across a Store's edge: a guest's items into a channel, the host's bytes into a guest.
//!
//! Both keep back-pressure: a channel that is full makes the guest's write wait, a guest that does not read makes the
//! host's producer wait.

use bytes::Bytes;
use futures::stream::{BoxStream, Stream};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::PollSender;
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, Lift, Source, StreamConsumer, StreamProducer, StreamResult};

/// Items of one stream that may wait for their reader: with pieces of 1 MiB, 4 MiB a reply.
const ITEMS_WAITING: usize = 4;

/// Takes a guest's `stream<T>` item by item into a channel.
pub(super) struct ItemSink<T> {
    items: PollSender<T>,
    /// Dropped with the sink, which is when the guest closed the stream or was told that its reader is gone.
    _closed: oneshot::Sender<()>,
}

/// The other end of an [`ItemSink`].
pub(super) struct Items<T> {
    pub(super) items: mpsc::Receiver<T>,
    /// Resolves (with an error, as nothing is ever sent) when the guest's stream is over.
    pub(super) closed: oneshot::Receiver<()>,
}

impl<T: Send + 'static> ItemSink<T> {
    pub(super) fn new() -> (Self, Items<T>) {
        let (sender, items) = mpsc::channel(ITEMS_WAITING);
        let (on_close, closed) = oneshot::channel();
        (Self { items: PollSender::new(sender), _closed: on_close }, Items { items, closed })
    }
}

impl<D, T: Lift + Send + 'static> StreamConsumer<D> for ItemSink<T> {
    type Item = T;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'_, D>,
        mut source: Source<'_, T>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        match self.items.poll_reserve(cx) {
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(_)) => Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Ready(Ok(())) => {
                let mut item: Option<T> = None;
                source.read(&mut store, &mut item)?;
                match item {
                    // The reader may have gone between reserving and sending; the next write finds out.
                    Some(item) => drop(self.items.send_item(item)),
                    None => {
                        self.items.abort_send();
                    }
                }
                Poll::Ready(Ok(StreamResult::Completed))
            }
        }
    }
}

/// Gives a guest a `stream<u8>` out of chunks the host has or receives. Chunks end where they end: an error upstream is
/// the end of the stream too, and said elsewhere.
pub(super) struct ChunkProducer(BoxStream<'static, Bytes>);

impl ChunkProducer {
    pub(super) fn new(chunks: BoxStream<'static, Bytes>) -> Self {
        Self(chunks)
    }
}

impl<D> StreamProducer<D> for ChunkProducer {
    type Item = u8;
    type Buffer = Bytes;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, u8, Bytes>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        // A read of nothing asks whether there is something. Waiting for that would mean keeping a chunk aside; saying
        // "maybe" is allowed and simpler.
        if destination.remaining(&mut store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        loop {
            let next = match Pin::new(&mut self.0).poll_next(cx) {
                Poll::Pending if finish => return Poll::Ready(Ok(StreamResult::Cancelled)),
                next => ready!(next),
            };
            match next {
                None => return Poll::Ready(Ok(StreamResult::Dropped)),
                Some(chunk) if chunk.is_empty() => {}
                Some(chunk) => {
                    destination.set_buffer(chunk);
                    return Poll::Ready(Ok(StreamResult::Completed));
                }
            }
        }
    }
}
