//! Arrow IPC in. Every byte may come from a guest that lies, so each message is checked before Arrow decodes it:
//! framing and flatbuffer (`message`), types and metadata (`schema`), row counts and buffers (`shape`). What is left,
//! offsets and UTF-8 above all, is checked while it is decoded: by `plain` for the types that most columns have, by Arrow's
//! own full validation for all others.

mod decode;
mod file;
pub mod ipc;
mod message;
mod piece;
mod plain;
mod plan;
mod reader;
mod schema;
mod schemas;
mod shape;
mod stream;

use arrow_buffer::Buffer;

use crate::limits::within;
use crate::{Frame, FrameError, ReadLimits};

pub use piece::PieceReader;
pub use reader::FrameReader;

impl Frame {
    /// Reads one frame from an Arrow IPC stream or file, told apart by the file's magic.
    ///
    /// Pass a `Vec<u8>` or `bytes::Bytes` and the values are not copied where the writer aligned them; a slice is
    /// copied once. With the feature `cast`, Arrow types that Grafana does not have are cast to those it has; without
    /// it they are an error.
    ///
    /// # Errors
    /// Anything but one whole, uncompressed stream or file within the limits.
    pub fn from_ipc(bytes: impl Into<Buffer>, limits: &ReadLimits) -> Result<Self, FrameError> {
        let bytes = bounded(bytes, limits)?;
        if file::is_file(&bytes) {
            return file::read(&bytes, limits);
        }
        let (frame, end) = stream::read(&bytes, 0, limits)?;
        only_stream(&bytes, end)?;
        Ok(frame)
    }

    /// Reads frames from Arrow IPC streams that follow one another, each with its end mark: a query's result as Arrow.
    /// `limits.max_bytes` bounds them together, the other limits each.
    ///
    /// # Errors
    /// As [`from_ipc`](Self::from_ipc).
    pub fn all_from_ipc(bytes: impl Into<Buffer>, limits: &ReadLimits) -> Result<Vec<Self>, FrameError> {
        let bytes = bounded(bytes, limits)?;
        if file::is_file(&bytes) {
            return Ok(vec![file::read(&bytes, limits)?]);
        }
        let mut frames = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let (frame, end) = stream::read(&bytes, at, limits)?;
            frames.push(frame);
            at = end;
        }
        Ok(frames)
    }
}

/// Bytes that are no more than the limits allow.
fn bounded(bytes: impl Into<Buffer>, limits: &ReadLimits) -> Result<Buffer, FrameError> {
    let bytes = bytes.into();
    within("max_bytes", bytes.len() as u64, limits.max_bytes)?;
    Ok(bytes)
}

/// That nothing follows a stream which ends at `end`.
fn only_stream(bytes: &Buffer, end: usize) -> Result<(), FrameError> {
    match bytes.len() - end {
        0 => Ok(()),
        left => Err(malformed(format!("{left} bytes follow the end mark of the stream"))),
    }
}

fn malformed(problem: impl Into<String>) -> FrameError {
    FrameError::Malformed { problem: problem.into() }
}
