//! Arrow IPC out: a frame whole, as stream or file, or in the pieces of the plugin contract.
//! Bodies are uncompressed and without dictionaries, as the contract wants them.

mod known;
mod writer;

use std::fmt;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::writer::{FileWriter, StreamEncoder};
use arrow_schema::Schema;

use crate::{Frame, FrameError};

pub use writer::FrameWriter;

/// Continuation marker and a length of zero.
const END_OF_STREAM: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

impl Frame {
    /// The frame as one Arrow IPC stream: schema, record batches, end mark. What the plugin contract calls a frame.
    ///
    /// # Errors
    /// Only what Arrow's writer refuses, such as a message above 2 GiB.
    pub fn to_ipc_stream(&self) -> Result<Vec<u8>, FrameError> {
        let mut encoder = StreamEncoder::try_new(self.schema())?;
        let mut parts = Vec::new();
        for batch in self.batches() {
            parts.extend(encoder.encode(batch)?);
        }
        parts.extend(encoder.finish()?);
        Ok(joined(&parts))
    }

    /// The frame as one Arrow IPC file (magic `ARROW1`), as Grafana's own plugins write it.
    ///
    /// # Errors
    /// As [`to_ipc_stream`](Self::to_ipc_stream).
    pub fn to_ipc_file(&self) -> Result<Vec<u8>, FrameError> {
        let mut writer = FileWriter::try_new(Vec::new(), self.schema())?;
        for batch in self.batches() {
            writer.write(batch)?;
        }
        Ok(writer.into_inner()?)
    }
}

fn joined(parts: &[Buffer]) -> Vec<u8> {
    concat(parts.iter().map(Buffer::as_slice))
}

fn concat<'a>(parts: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.clone().map(<[u8]>::len).sum());
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Writes one frame in pieces: the schema message once, then a message for every record batch.
pub struct PieceWriter {
    encoder: StreamEncoder,
}

impl PieceWriter {
    /// The encapsulated schema message of a frame's schema, and the writer of the batches that follow it.
    ///
    /// ```
    /// # use wellhead_frame::{Field, Frame, PieceWriter};
    /// let frame = Frame::builder("squares").column(Field::new("n"), vec![0, 1, 4]).build()?;
    /// let (schema, mut writer) = PieceWriter::new(frame.schema())?;
    /// for batch in frame.batches() {
    ///     for piece in PieceWriter::split(batch, PieceWriter::BEST_BYTES) {
    ///         let message: Vec<u8> = writer.batch(&piece)?;
    /// #       assert!(!message.is_empty());
    ///     }
    /// }
    /// # assert!(!schema.is_empty());
    /// # Ok::<(), wellhead_frame::FrameError>(())
    /// ```
    ///
    /// # Errors
    /// A schema that Arrow's writer refuses.
    pub fn new(schema: &Schema) -> Result<(Vec<u8>, Self), FrameError> {
        let mut message = joined(&StreamEncoder::try_new(schema)?.finish()?);
        message.truncate(message.len().saturating_sub(END_OF_STREAM.len()));
        let mut encoder = StreamEncoder::try_new(schema)?;
        // The encoder puts the schema before its first batch, and the schema is out already.
        encoder.encode(&RecordBatch::new_empty(schema.clone().into()))?;
        Ok((message, Self { encoder }))
    }

    /// Size that moves best between guest and host. The contract allows 16 MiB.
    pub const BEST_BYTES: usize = 1 << 20;

    /// The encapsulated message of a record batch.
    ///
    /// # Errors
    /// As [`Frame::to_ipc_stream`].
    pub fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, FrameError> {
        Ok(joined(&self.encode(batch)?))
    }

    fn encode(&mut self, batch: &RecordBatch) -> Result<Vec<Buffer>, FrameError> {
        Ok(self.encoder.encode(batch)?)
    }

    /// Cuts a batch into slices of about `bytes` each, at least a row; the values are shared. Rows of very unequal
    /// size make slices of very unequal size.
    pub fn split(batch: &RecordBatch, bytes: usize) -> impl Iterator<Item = RecordBatch> + use<> {
        let rows = batch.num_rows();
        // What the slices have, not the buffers they share; arrays that cannot tell count as their buffers.
        let size = |column: &ArrayRef| {
            column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
        };
        let pieces = batch.columns().iter().map(size).sum::<usize>().div_ceil(bytes.max(1)).max(1);
        let step = rows.div_ceil(pieces).max(1);
        let batch = batch.clone();
        (0..rows).step_by(step).map(move |start| batch.slice(start, step.min(rows - start)))
    }
}

impl fmt::Debug for PieceWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PieceWriter").finish_non_exhaustive()
    }
}
