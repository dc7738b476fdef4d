//! gzip, a small piece at a time: however well a body is compressed, no more than one piece of it is in memory before the
//! caller's limit has counted it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use async_compression::tokio::bufread::GzipDecoder;
use bytes::{Bytes, BytesMut};
use futures::Stream;
use http_body::Frame;
use tokio_util::io::{StreamReader, poll_read_buf};

use crate::{EgressError, Origin, response::Paced};

const PIECE: usize = 16 * 1024;

/// A gzip body, decoded. Trailers are lost.
pub(crate) struct Gunzip {
    origin: Origin,
    decoder: GzipDecoder<StreamReader<Pieces, Bytes>>,
    piece: BytesMut,
}

impl Gunzip {
    pub(crate) fn new(body: Paced) -> Self {
        let origin = body.origin.clone();
        let mut decoder = GzipDecoder::new(StreamReader::new(Pieces(body)));
        decoder.multiple_members(true);
        Self { origin, decoder, piece: BytesMut::new() }
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        self.piece.reserve(PIECE);
        Poll::Ready(match ready!(poll_read_buf(Pin::new(&mut self.decoder), cx, &mut self.piece)) {
            Ok(0) => None,
            Ok(_) => Some(Ok(Frame::data(self.piece.split().freeze()))),
            Err(error) => Some(Err(self.explain(error))),
        })
    }

    fn explain(&self, error: io::Error) -> EgressError {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<EgressError>()) {
            Some(ours) => ours.clone(),
            None => EgressError::InvalidResponse {
                origin: self.origin.clone(),
                reason: format!("its gzip is broken: {error}"),
            },
        }
    }
}

/// The data of a body as the stream the decoder reads.
struct Pieces(Paced);

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(self.0.poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(io::Error::other(error)))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}
