//! Results as Arrow: one IPC stream after the other in one body, batches untouched and in bounded memory.
//!
//! - A frame is one stream: schema, record batches, end mark. Its schema metadata has Grafana's keys (`name`, `refId`,
//!   `meta`) and `frame`, a number unique in the response.
//! - Where a plugin sends the batches of several frames by turns, a frame goes on in a later stream of the same `frame`
//!   number and schema: readers that care put those together.
//! - A query that failed, or that has no frames, ends with a stream without fields: `refId`, `status`, and where it
//!   failed `error` and `errorSource` in its metadata. Frames of a failed query before it hold what was read until then.

use arrow_array::Array;
use arrow_ipc::writer::StreamEncoder;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;
use std::sync::Arc;
use wellhead::{DataResponse, Frame, Piece, RecordBatch};

/// The media type to `Accept` for results as Arrow IPC streams: one or several in one body, each with its end mark.
pub const ARROW_STREAM: &str = "application/vnd.apache.arrow.stream";

/// Buffers below this are copied together: a write each would cost more.
const COPY_BELOW_BYTES: usize = 32 << 10;

/// The most that one record batch of a response holds: readers that keep one batch at a time stay small.
const PIECE_BYTES: usize = 16 << 20;
/// Of these, what headers and padding may take.
const FRAMING_BYTES: usize = 1 << 20;

/// Turns pieces into the bytes of IPC streams.
#[derive(Default)]
pub(super) struct ArrowWriter {
    /// Frames that have begun, by the piece stream's number.
    open: BTreeMap<u32, OpenFrame>,
    /// The frame whose stream is being written.
    current: Option<(u32, StreamEncoder)>,
    /// The number of the frame that comes next.
    next_number: u32,
}

struct OpenFrame {
    ref_id: String,
    schema: SchemaRef,
    was_written: bool,
}

pub(crate) type Chunk = Result<Bytes, ArrowError>;

impl ArrowWriter {
    /// The chunks that `piece` becomes; an error is the last that can be written.
    pub(super) fn write(&mut self, piece: Piece) -> Vec<Chunk> {
        let mut out = Chunks::default();
        let outcome = match piece {
            Piece::Begin { ref_id, frame, schema } => {
                let schema = self.numbered(&schema);
                self.open.insert(frame, OpenFrame { ref_id, schema, was_written: false });
                Ok(())
            }
            Piece::Batch { frame, batch } => self.batch(frame, &batch, &mut out),
            Piece::Done(response) => self.done(response, &mut out),
        };
        out.finish(outcome)
    }

    fn numbered(&mut self, schema: &Schema) -> SchemaRef {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        with_metadata(schema, [("frame", number.to_string())])
    }

    fn batch(&mut self, number: u32, batch: &RecordBatch, out: &mut Chunks) -> Result<(), ArrowError> {
        let Some(frame) = self.open.get_mut(&number) else { return Ok(()) };
        if self.current.as_ref().is_none_or(|(current, _)| *current != number) {
            end(self.current.take(), out)?;
            frame.was_written = true;
            self.current = Some((number, StreamEncoder::try_new(&frame.schema)?));
        }
        if let Some((_, encoder)) = &mut self.current {
            encode(encoder, batch, out)?;
        }
        Ok(())
    }

    fn done(&mut self, response: DataResponse, out: &mut Chunks) -> Result<(), ArrowError> {
        let DataResponse { ref_id, status, frames, error } = response;
        end(self.current.take(), out)?;
        let is_empty = frames.is_empty() && !self.open.values().any(|frame| frame.ref_id == ref_id);
        let mut unwritten = Vec::new();
        self.open.retain(|_, frame| {
            if frame.ref_id == ref_id && !frame.was_written {
                unwritten.push(frame.schema.clone());
            }
            frame.ref_id != ref_id
        });
        for schema in unwritten {
            out.extend(StreamEncoder::try_new(&schema)?.finish()?);
        }
        for frame in &frames {
            self.whole_frame(frame, out)?;
        }
        if is_empty || error.is_some() {
            let mut metadata = vec![("refId", ref_id), ("status", status.to_string())];
            if let Some(error) = error {
                metadata.push(("errorSource", error.source_of_error.as_str().to_owned()));
                metadata.push(("error", error.message));
            }
            out.extend(StreamEncoder::try_new(&with_metadata(&Schema::empty(), metadata))?.finish()?);
        }
        Ok(())
    }

    fn whole_frame(&mut self, frame: &Frame, out: &mut Chunks) -> Result<(), ArrowError> {
        let mut encoder = StreamEncoder::try_new(&self.numbered(frame.schema()))?;
        for batch in frame.batches() {
            encode(&mut encoder, batch, out)?;
        }
        out.extend(encoder.finish()?);
        Ok(())
    }
}

/// Writes a batch as it is, or where it is too large in halves, and those alike. A single row goes whole, however large.
pub(crate) fn encode(encoder: &mut StreamEncoder, batch: &RecordBatch, out: &mut Chunks) -> Result<(), ArrowError> {
    let mut left = vec![batch.clone()];
    while let Some(batch) = left.pop() {
        let rows = batch.num_rows();
        if rows <= 1 || bytes_of(&batch)? <= PIECE_BYTES - FRAMING_BYTES {
            out.extend(encoder.encode(&batch)?);
        } else {
            let half = rows / 2;
            left.push(batch.slice(half, rows.saturating_sub(half)));
            left.push(batch.slice(0, half));
        }
    }
    Ok(())
}

/// What the rows of the batch take, not what it keeps alive.
fn bytes_of(batch: &RecordBatch) -> Result<usize, ArrowError> {
    batch
        .columns()
        .iter()
        .try_fold(0_usize, |sum, column| Ok(sum.saturating_add(column.to_data().get_slice_memory_size()?)))
}

fn end(current: Option<(u32, StreamEncoder)>, out: &mut Chunks) -> Result<(), ArrowError> {
    if let Some((_, encoder)) = current {
        out.extend(encoder.finish()?);
    }
    Ok(())
}

pub(crate) fn with_metadata(schema: &Schema, added: impl IntoIterator<Item = (&'static str, String)>) -> SchemaRef {
    let mut metadata = schema.metadata().clone();
    metadata.extend(added);
    Arc::new(Schema::new_with_metadata(schema.fields().clone(), metadata))
}

/// Collects buffers: large ones as they are, small ones copied together.
#[derive(Default)]
pub(crate) struct Chunks {
    done: Vec<Chunk>,
    small: BytesMut,
}

impl Chunks {
    pub(crate) fn extend(&mut self, buffers: impl IntoIterator<Item = impl AsRef<[u8]> + Send + 'static>) {
        for buffer in buffers {
            if buffer.as_ref().len() < COPY_BELOW_BYTES {
                self.small.extend_from_slice(buffer.as_ref());
            } else {
                self.flush();
                self.done.push(Ok(Bytes::from_owner(buffer)));
            }
        }
    }

    fn flush(&mut self) {
        if !self.small.is_empty() {
            self.done.push(Ok(self.small.split().freeze()));
        }
    }

    pub(crate) fn finish(mut self, outcome: Result<(), ArrowError>) -> Vec<Chunk> {
        self.flush();
        self.done.extend(outcome.err().map(Err));
        self.done
    }
}

#[cfg(test)]
mod tests;
