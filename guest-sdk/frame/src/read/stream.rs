//! The stream format: schema, dictionaries and record batches in order, end mark.
//! The mark is required: without it a stream that was cut between two batches would pass for a whole one.

use arrow_buffer::Buffer;

use super::decode::Decoder;
use super::malformed;
use super::message::{Encapsulated, Next};
use crate::{Frame, FrameError, ReadLimits};

/// Reads the stream that starts at `at`. Answers where it ends.
pub(super) fn read(bytes: &Buffer, at: usize, limits: &ReadLimits) -> Result<(Frame, usize), FrameError> {
    read_on(bytes, at, limits).map(|(frame, end, _)| (frame, end))
}

/// As [`read`], with the decoder of further batches of the same schema.
pub(super) fn read_on(bytes: &Buffer, at: usize, limits: &ReadLimits) -> Result<(Frame, usize, Decoder), FrameError> {
    let (mut decoder, mut at) = match start(bytes, at, limits)? {
        Next::Message(message, end) => (Decoder::new(&message, limits)?, end),
        Next::End(_) => return Err(malformed("an end mark where the schema should be")),
    };
    let mut frame = Frame::of_schema(decoder.schema().clone())?;
    loop {
        match Encapsulated::next(bytes, at, limits)? {
            Next::Message(message, end) => {
                decoder.count_message()?;
                if let Some(batch) = decoder.decode(&message)? {
                    decoder.count_rows(&batch)?;
                    frame.push_batch(batch)?;
                }
                at = end;
            }
            Next::End(end) => return Ok((frame, end, decoder)),
        }
    }
}

/// The first message. Bytes that are something else altogether mostly fail here, so that the error says so.
fn start(bytes: &Buffer, at: usize, limits: &ReadLimits) -> Result<Next, FrameError> {
    Encapsulated::next(bytes, at, limits).map_err(|error| match error {
        FrameError::Truncated { .. } | FrameError::Malformed { .. } => {
            FrameError::NotIpc { problem: format!("no schema message at its start ({error})") }
        }
        other => other,
    })
}
