//! The reader of frames that come in pieces: the schema message once, then record batches as they arrive.
//! It keeps no rows, so that a result may be as large as its receiver likes.

use std::fmt;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_schema::SchemaRef;

use super::decode::Decoder;
use super::message::Encapsulated;
use super::plan::Plan;
use super::{bounded, malformed, only_stream, stream};
use crate::{Frame, FrameError, ReadLimits};

/// Reads what a `PieceWriter` (or any Arrow library) wrote, message by message.
///
/// Limits hold for each message: `max_bytes` and `max_rows` do not bound the frame as a whole.
pub struct PieceReader {
    decoder: Decoder,
    limits: ReadLimits,
    rows: u64,
}

impl PieceReader {
    /// From the encapsulated schema message.
    ///
    /// # Errors
    /// Anything but one schema message within the limits.
    pub fn new(schema_message: impl Into<Buffer>, limits: &ReadLimits) -> Result<Self, FrameError> {
        let bytes = bounded(schema_message, limits)?;
        let plan = Plan::read(&Encapsulated::only(&bytes, limits)?, limits)?;
        Ok(Self::of(Arc::new(plan), limits))
    }

    pub(super) fn of(plan: Arc<Plan>, limits: &ReadLimits) -> Self {
        Self { decoder: Decoder::new(plan, limits), limits: *limits, rows: 0 }
    }

    /// From a whole frame, an Arrow IPC stream: that frame, and the reader of batches that come after it under the same
    /// schema. The frames of a live channel come so.
    ///
    /// ```
    /// # use wellhead_frame::{Field, Frame, PieceReader, PieceWriter, ReadLimits};
    /// let frame = |value: f64| Frame::builder("walk").column(Field::new("v"), vec![value]).build();
    /// let (first, second) = (frame(1.0)?, frame(2.0)?);
    /// let (_, mut writer) = PieceWriter::new(first.schema())?;
    /// let (read, mut reader) = PieceReader::after(first.to_ipc_stream()?, &ReadLimits::default())?;
    /// let batch = reader.batch(writer.batch(&second.batches()[0])?)?;
    /// assert_eq!((read.num_rows(), batch.num_rows()), (1, 1));
    /// # Ok::<(), wellhead_frame::FrameError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Frame::from_ipc`], and a file.
    pub fn after(frame: impl Into<Buffer>, limits: &ReadLimits) -> Result<(Frame, Self), FrameError> {
        let bytes = bounded(frame, limits)?;
        let (frame, end, decoder) = stream::read_on(&bytes, 0, limits)?;
        only_stream(&bytes, end)?;
        Ok((frame, Self { decoder, limits: *limits, rows: 0 }))
    }

    /// The schema of the batches, with Grafana's metadata and only its types.
    pub fn schema(&self) -> &SchemaRef {
        self.decoder.schema()
    }

    /// A frame of the schema without rows, for its name, metadata and fields.
    pub fn frame(&self) -> Frame {
        self.decoder.frame()
    }

    /// Whether a batch is read in a time that does not grow with its rows, so that any thread may do it.
    pub fn is_light(&self) -> bool {
        self.decoder.is_light()
    }

    /// Rows so far.
    pub fn num_rows(&self) -> u64 {
        self.rows
    }

    /// The rows of an encapsulated record batch message.
    ///
    /// # Errors
    /// Anything but one record batch of the schema within the limits. The reader stays usable.
    pub fn batch(&mut self, message_bytes: impl Into<Buffer>) -> Result<RecordBatch, FrameError> {
        let bytes = bounded(message_bytes, &self.limits)?;
        let batch = self.decoder.decode(&Encapsulated::only(&bytes, &self.limits)?)?;
        let batch = batch.ok_or_else(|| malformed("a dictionary where a record batch should be"))?;
        self.rows = self.rows.saturating_add(batch.num_rows() as u64);
        Ok(batch)
    }

    /// The frame of these batches, which must be this reader's.
    ///
    /// # Errors
    /// Batches of another schema.
    pub fn finish(self, batches: Vec<RecordBatch>) -> Result<Frame, FrameError> {
        Frame::try_new(self.schema().clone(), batches)
    }
}

impl fmt::Debug for PieceReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PieceReader").field("schema", self.schema()).field("rows", &self.rows).finish_non_exhaustive()
    }
}
