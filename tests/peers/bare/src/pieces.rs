//! Pieces of large answers, kept until they are over.

use crate::bindings::wellhead::plugin::types::Piece;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use wasmtime::component::{Source, StreamConsumer, StreamResult};
use wasmtime::{Result, StoreContextMut};

/// The reader's end of a guest's stream; hands over what it has when it is dropped, which is when the stream is over.
pub(crate) struct Pieces {
    kept: Vec<Piece>,
    whole: Option<oneshot::Sender<Vec<Piece>>>,
}

impl Pieces {
    pub(crate) fn new() -> (Self, oneshot::Receiver<Vec<Piece>>) {
        let (whole, pieces) = oneshot::channel();
        (Self { kept: Vec::new(), whole: Some(whole) }, pieces)
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if let Some(whole) = self.whole.take() {
            // Nobody waits where the call failed.
            let _ = whole.send(std::mem::take(&mut self.kept));
        }
    }
}

impl<D> StreamConsumer<D> for Pieces {
    type Item = Piece;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut store: StoreContextMut<'_, D>,
        mut source: Source<'_, Piece>,
        _: bool,
    ) -> Poll<Result<StreamResult>> {
        let mut piece: Option<Piece> = None;
        source.read(&mut store, &mut piece)?;
        self.kept.extend(piece);
        Poll::Ready(Ok(StreamResult::Completed))
    }
}
