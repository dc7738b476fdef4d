//! The reader of one source's frames: one set of limits, and what it remembers of the schemas it has read.

use std::fmt;
use std::sync::Arc;

use arrow_buffer::Buffer;

use super::message::{Encapsulated, only_message};
use super::plan::Plan;
use super::schemas::Schemas;
use super::{PieceReader, bounded, file, only_stream, stream};
use crate::{Frame, FrameError, ReadLimits};

/// Reads frames as [`Frame::from_ipc`] does, and faster those that begin with a schema it has read before. What it
/// remembers is bounded: a few hundred kilobytes of schemas. Threads may share it.
///
/// ```
/// # use wellhead_frame::{Field, Frame, FrameReader, ReadLimits};
/// let reader = FrameReader::new(ReadLimits::default());
/// for value in [1.0, 2.0] {
///     let bytes = Frame::builder("walk").column(Field::new("v"), vec![value]).build()?.to_ipc_stream()?;
///     assert_eq!(reader.frame(bytes)?.num_rows(), 1);
/// }
/// # Ok::<(), wellhead_frame::FrameError>(())
/// ```
pub struct FrameReader {
    limits: ReadLimits,
    schemas: Schemas,
}

impl FrameReader {
    /// A reader that remembers nothing yet.
    #[must_use]
    pub fn new(limits: ReadLimits) -> Self {
        Self { limits, schemas: Schemas::default() }
    }

    /// What its frames are judged by.
    pub fn limits(&self) -> &ReadLimits {
        &self.limits
    }

    /// Reads one frame from an Arrow IPC stream or file.
    ///
    /// # Errors
    /// As [`Frame::from_ipc`].
    pub fn frame(&self, bytes: impl Into<Buffer>) -> Result<Frame, FrameError> {
        let bytes = bounded(bytes, &self.limits)?;
        if file::is_file(&bytes) {
            return file::read(&bytes, &self.limits);
        }
        let (frame, end) = stream::read(&bytes, 0, &self.limits, Some(&self.schemas))?;
        only_stream(&bytes, end)?;
        Ok(frame)
    }

    /// Reads a schema message, for the record batches under it.
    ///
    /// # Errors
    /// As [`PieceReader::new`].
    pub fn pieces(&self, schema_message: impl Into<Buffer>) -> Result<PieceReader, FrameError> {
        let bytes = bounded(schema_message, &self.limits)?;
        let read = || {
            let message = Encapsulated::only(&bytes, &self.limits)?;
            Ok((Arc::new(Plan::read(&message, &self.limits)?), bytes.len()))
        };
        let (plan, end) = self.schemas.or_read(&bytes, 0, read)?;
        only_message(&bytes, end)?;
        Ok(PieceReader::of(plan, &self.limits))
    }
}

impl Default for FrameReader {
    fn default() -> Self {
        Self::new(ReadLimits::default())
    }
}

impl fmt::Debug for FrameReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameReader").field("limits", &self.limits).finish_non_exhaustive()
    }
}
