//! Frames with nothing wrong in them, except how many of them there are.

use crate::wellhead::plugin::types::{FrameBatch, FrameBegin, Piece};
use wellhead_frame::{Column, Field, Frame, FrameMeta, Notice, PieceWriter, Severity};

/// A frame of one column.
fn numbers(rows: usize) -> Frame {
    let values: Column = (0..rows).map(|row| row as f64).collect();
    Frame::builder("numbers").column(Field::new("value"), values).build().expect("one column fits itself")
}

/// One Arrow stream of `rows` rows.
pub(crate) fn frame(rows: usize) -> Vec<u8> {
    numbers(rows).to_ipc_stream().expect("a frame of numbers can be written")
}

/// A frame with more to say than rows.
pub(crate) fn with_notices(count: usize) -> Vec<u8> {
    let notice = |_| Notice::new(Severity::Warning, "this cannot be said often enough".to_owned());
    let meta = FrameMeta { notices: (0..count).map(notice).collect(), ..FrameMeta::default() };
    let frame = Frame::builder("noticed").meta(meta).column(Field::new("value"), vec![1.0]);
    let frame = frame.build().expect("one column fits itself");
    frame.to_ipc_stream().expect("a frame of numbers can be written")
}

/// The messages of a frame that goes out in pieces: its schema, a batch of `rows` rows.
pub(crate) fn messages(rows: usize) -> (Vec<u8>, Vec<u8>) {
    let frame = numbers(rows);
    let (schema, mut writer) = PieceWriter::new(frame.schema()).expect("a schema of numbers can be written");
    let batch = frame.batches().first().and_then(|batch| writer.batch(batch).ok());
    (schema, batch.unwrap_or_default())
}

pub(crate) fn begin(ref_id: &str, frame: u32) -> Piece {
    Piece::Begin(FrameBegin { ref_id: ref_id.into(), frame, schema: messages(1).0 })
}

pub(crate) fn batch(frame: u32, rows: usize) -> Piece {
    Piece::Batch(FrameBatch { frame, message: messages(rows).1 })
}
