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
        self.read(bytes.into(), None)
    }

    /// The same, as the answer to a query: [`Frame::set_ref_id`] for less.
    ///
    /// # Errors
    /// As [`Frame::from_ipc`].
    pub fn frame_of(&self, ref_id: &str, bytes: impl Into<Buffer>) -> Result<Frame, FrameError> {
        self.read(bytes.into(), Some(ref_id))
    }

    fn read(&self, bytes: Buffer, ref_id: Option<&str>) -> Result<Frame, FrameError> {
        let bytes = bounded(bytes, &self.limits)?;
        if file::is_file(&bytes) {
            let mut frame = file::read(&bytes, &self.limits)?;
            if let Some(ref_id) = ref_id {
                frame.set_ref_id(ref_id);
            }
            return Ok(frame);
        }
        let (frame, end) = stream::read_of_query(&bytes, 0, &self.limits, &self.schemas, ref_id)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Field, Timestamp};

    fn frame(column: impl Into<Column>) -> Frame {
        Frame::builder("f").ref_id("its own").column(Field::new("v"), column).build().unwrap()
    }

    fn says(frame: &Frame) -> (String, Vec<crate::Value>) {
        assert!(frame.batches().iter().all(|batch| Arc::ptr_eq(batch.schema_ref(), frame.schema())));
        (frame.ref_id().to_owned(), frame.fields().flat_map(|field| field.values()).collect())
    }

    #[test]
    fn a_frame_names_the_query_that_it_is_told_of_whatever_was_read_before() {
        let reader = FrameReader::default();
        let frames = [frame(vec![1, 2]), frame(vec![Timestamp(3)]), frame(vec![Some("x"), None])];
        // More queries than names are kept, by turns.
        for query in (0..30).chain(0..30).map(|number| (number % 12).to_string()) {
            for frame in &frames {
                let expected = says(&frame.clone().with_ref_id(&query));
                assert_eq!(says(&reader.frame_of(&query, frame.to_ipc_stream().unwrap()).unwrap()), expected);
                assert_eq!(says(&reader.frame_of(&query, frame.to_ipc_file().unwrap()).unwrap()), expected);
                assert_eq!(says(&reader.frame(frame.to_ipc_stream().unwrap()).unwrap()), says(frame));
            }
        }
    }

    #[cfg(feature = "cast")]
    #[test]
    fn so_does_one_whose_types_are_cast() {
        let schema = arrow_schema::Schema::new(vec![arrow_schema::Field::new(
            "d",
            arrow_schema::DataType::Duration(arrow_schema::TimeUnit::Second),
            false,
        )]);
        let columns: Vec<arrow_array::ArrayRef> = vec![Arc::new(arrow_array::DurationSecondArray::from(vec![7]))];
        let batch = arrow_array::RecordBatch::try_new(Arc::new(schema.clone()), columns).unwrap();
        let mut bytes = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &schema).unwrap();
        bytes.write(&batch).unwrap();
        let bytes = bytes.into_inner().unwrap();
        let reader = FrameReader::default();
        for query in ["A", "B", "A"] {
            let read = reader.frame_of(query, bytes.clone()).unwrap();
            assert_eq!(says(&read), says(&Frame::from_ipc(bytes.clone(), reader.limits()).unwrap().with_ref_id(query)));
        }
    }
}
