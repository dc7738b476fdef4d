//! The writer of one plugin's frames: what it remembers of the schemas it has written.

use super::known::KnownSchemas;
use super::{END_OF_STREAM, concat};
use crate::{Frame, FrameError};

/// Writes frames as [`Frame::to_ipc_stream`] does, and faster those under a schema that it has written lately: of a small
/// frame the schema is most of the work. What it remembers is bounded: a few schemas of some kilobytes.
///
/// ```
/// # use wellhead_frame::{Field, Frame, FrameWriter};
/// let mut writer = FrameWriter::default();
/// for value in [1.0, 2.0] {
///     let frame = Frame::builder("walk").column(Field::new("v"), vec![value]).build()?;
///     assert_eq!(writer.stream(&frame)?, frame.to_ipc_stream()?);
/// }
/// # Ok::<(), wellhead_frame::FrameError>(())
/// ```
#[derive(Debug, Default)]
pub struct FrameWriter {
    known: KnownSchemas,
}

impl FrameWriter {
    /// The frame as one Arrow IPC stream: schema, record batches, end mark.
    ///
    /// # Errors
    /// As [`Frame::to_ipc_stream`].
    pub fn stream(&mut self, frame: &Frame) -> Result<Vec<u8>, FrameError> {
        let Some(written) = self.known.get(frame.schema())? else {
            let bytes = frame.to_ipc_stream()?;
            self.known.note(frame.schema(), schema_bytes(&bytes));
            return Ok(bytes);
        };
        let mut parts = Vec::new();
        for batch in frame.batches() {
            parts.extend(written.batches.encode(batch)?);
        }
        let (schema, end) = (written.message.as_slice(), END_OF_STREAM.as_slice());
        Ok(concat([schema].into_iter().chain(parts.iter().map(|part| part.as_slice())).chain([end])))
    }
}

/// Bytes of the message that a stream begins with: a continuation marker, then its length.
fn schema_bytes(stream: &[u8]) -> usize {
    let length = stream.get(4..8).and_then(|length| length.try_into().ok()).map_or(u32::MAX, u32::from_le_bytes);
    usize::try_from(length).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Field, FieldConfig, FrameMeta, FrameType};
    use arrow_array::RecordBatch;

    fn frames() -> Vec<Frame> {
        let series = |rows: i64| {
            let times: Column = (0..rows).map(crate::Timestamp).collect::<Vec<_>>().into();
            let texts = (0..rows).map(|row| (row % 3 > 0).then(|| "x".repeat(row as usize % 7))).collect::<Vec<_>>();
            let config = FieldConfig { unit: Some("ms".into()), ..FieldConfig::default() };
            let frame = Frame::builder("series").ref_id("A").meta(FrameMeta::of(FrameType::TimeseriesWide, [0, 1]));
            let frame = frame.column(Field::new("time"), times);
            frame.column(Field::new("text").label("k", "v").config(config), texts).build().unwrap()
        };
        let mut of_two_batches = series(10);
        let batch: RecordBatch = of_two_batches.batches()[0].slice(3, 4);
        of_two_batches.push_batch(batch).unwrap();
        vec![Frame::empty("nothing"), series(0), series(1), series(1_000), of_two_batches]
    }

    #[test]
    fn whatever_was_written_before_the_bytes_are_those_of_a_frame_alone() {
        let mut writer = FrameWriter::default();
        for round in 0..3 {
            for frame in frames() {
                assert_eq!(writer.stream(&frame).unwrap(), frame.to_ipc_stream().unwrap(), "{round}: {frame:?}");
            }
        }
    }

    #[test]
    fn the_length_of_a_schema_is_that_of_its_message() {
        let frame = frames().remove(2);
        let (message, _) = crate::PieceWriter::new(frame.schema()).unwrap();
        assert_eq!(schema_bytes(&frame.to_ipc_stream().unwrap()) + 8, message.len());
        assert_eq!(schema_bytes(&[0; 7]), u32::MAX as usize);
    }
}
