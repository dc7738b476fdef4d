//! Answers cut into the contract's pieces: `begin` with the schema, record batches of about 1 MiB, `done`. Pieces of one
//! frame are in order, those of different answers interleave.

use std::cell::Cell;
use std::future::Future;

use futures::lock::Mutex;
use wellhead_frame::{Frame, FrameError, PieceWriter, SchemaRef};

use super::answer::{Answer, DataResponse};
use crate::query::{FrameStream, Output};
use crate::{Error, QueryResult};

/// Part of a large reply, as the contract has it.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece {
    Begin { ref_id: String, frame: u32, schema: Vec<u8> },
    Batch { frame: u32, message: Vec<u8> },
    Done(DataResponse),
}

impl Piece {
    fn bytes(&self) -> usize {
        match self {
            Self::Begin { schema, .. } => schema.len(),
            Self::Batch { message, .. } => message.len(),
            Self::Done(_) => 0,
        }
    }
}

/// Nobody reads the pieces any more: the same as a cancelled call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReaderGone;

/// Where pieces go.
pub(crate) trait PieceSink {
    /// Hands over pieces, in order; waits while the reader is behind.
    fn send(&mut self, pieces: Vec<Piece>) -> impl Future<Output = Result<(), ReaderGone>>;
}

/// A sink that several answers share.
pub(crate) struct Outbox<S> {
    sink: Mutex<S>,
    next_frame: Cell<u32>,
}

impl<S: PieceSink> Outbox<S> {
    pub(crate) fn new(sink: S) -> Self {
        Self { sink: Mutex::new(sink), next_frame: Cell::new(0) }
    }

    /// Sends one answer to its end.
    pub(crate) async fn send(&self, answer: Answer) -> Result<(), ReaderGone> {
        let mut parcel = Parcel { outbox: self, ref_id: answer.ref_id, pieces: Vec::new(), bytes: 0 };
        let response = match answer.result {
            Ok(result) => parcel.frames(result).await?,
            Err(error) => DataResponse::failed(parcel.ref_id.clone(), error),
        };
        parcel.pieces.push(Piece::Done(response));
        parcel.hand_over().await
    }

    fn number(&self) -> u32 {
        self.next_frame.replace(self.next_frame.get().wrapping_add(1))
    }
}

/// Why a frame ends before its rows do.
enum Stop {
    Gone,
    Failed(Error),
}

impl From<ReaderGone> for Stop {
    fn from(_: ReaderGone) -> Self {
        Self::Gone
    }
}

impl From<FrameError> for Stop {
    fn from(error: FrameError) -> Self {
        Self::Failed(error.into())
    }
}

/// Pieces of one answer that are handed over together: a thousand short series are not a thousand hand-overs.
struct Parcel<'a, S> {
    outbox: &'a Outbox<S>,
    ref_id: String,
    pieces: Vec<Piece>,
    bytes: usize,
}

/// A frame of which the schema is out.
struct Begun {
    number: u32,
    schema: SchemaRef,
    writer: PieceWriter,
}

impl<S: PieceSink> Parcel<'_, S> {
    /// Sends all frames; the response is what remains to be said.
    async fn frames(&mut self, result: QueryResult) -> Result<DataResponse, ReaderGone> {
        let QueryResult { outputs, status, mut error } = result;
        for output in outputs {
            let sent = match output {
                Output::Frame(frame) => self.frame(frame).await,
                Output::Stream(parts) => self.stream(parts).await,
            };
            match sent {
                Ok(()) => {}
                Err(Stop::Gone) => return Err(ReaderGone),
                Err(Stop::Failed(failure)) => {
                    error.get_or_insert(failure);
                    break;
                }
            }
        }
        Ok(DataResponse { ref_id: self.ref_id.clone(), status, frames: Vec::new(), error })
    }

    async fn frame(&mut self, frame: Frame) -> Result<(), Stop> {
        let mut begun = self.begin(&frame).await?;
        self.rows(&mut begun, frame).await
    }

    async fn stream(&mut self, mut parts: FrameStream) -> Result<(), Stop> {
        let mut begun: Option<Begun> = None;
        while let Some(part) = parts.next_part().await {
            let part = part.map_err(Stop::Failed)?;
            let begun = match &mut begun {
                Some(begun) if begun.schema.fields() != part.schema().fields() => {
                    let name = part.name();
                    let what = format_args!("a part of frame {name:?} has other fields than its first part");
                    return Err(Stop::Failed(Error::plugin(what)));
                }
                Some(begun) => begun,
                None => begun.insert(self.begin(&part).await?),
            };
            self.rows(begun, part).await?;
        }
        Ok(())
    }

    async fn begin(&mut self, frame: &Frame) -> Result<Begun, Stop> {
        let schema = frame.schema().clone();
        let (message, writer) = PieceWriter::new(&schema)?;
        let number = self.outbox.number();
        self.put(Piece::Begin { ref_id: self.ref_id.clone(), frame: number, schema: message }).await?;
        Ok(Begun { number, schema, writer })
    }

    async fn rows(&mut self, begun: &mut Begun, frame: Frame) -> Result<(), Stop> {
        for batch in frame.into_batches() {
            for slice in PieceWriter::split(&batch, PieceWriter::BEST_BYTES) {
                let message = begun.writer.batch(&slice)?;
                self.put(Piece::Batch { frame: begun.number, message }).await?;
            }
        }
        Ok(())
    }

    async fn put(&mut self, piece: Piece) -> Result<(), ReaderGone> {
        let bytes = piece.bytes();
        if self.bytes > 0 && self.bytes + bytes > PieceWriter::BEST_BYTES {
            self.hand_over().await?;
        }
        self.bytes += bytes;
        self.pieces.push(piece);
        Ok(())
    }

    async fn hand_over(&mut self) -> Result<(), ReaderGone> {
        self.bytes = 0;
        let pieces = std::mem::take(&mut self.pieces);
        self.outbox.sink.lock().await.send(pieces).await
    }
}
