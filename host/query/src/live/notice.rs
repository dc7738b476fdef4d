//! Frames that say something of the stream itself, in the notices that panels show.

use std::sync::Arc;
use wellhead_frame::{Frame, Notice, SchemaRef, Severity};

/// The frame with one more notice.
pub(super) fn added(mut frame: Frame, severity: Severity, text: String) -> Frame {
    let mut meta = frame.meta().cloned().unwrap_or_default();
    meta.notices.push(Notice::new(severity, text));
    // Metadata that could be read can be written; where not, the rows are worth more than the notice.
    let _ = frame.set_meta(Some(meta));
    frame
}

/// A frame without rows: of this schema, or without fields where there is none yet.
pub(super) fn alone(schema: Option<&SchemaRef>, severity: Severity, text: String) -> Frame {
    let empty = schema.and_then(|schema| Frame::try_new(Arc::clone(schema), Vec::new()).ok());
    added(empty.unwrap_or_else(|| Frame::empty("")), severity, text)
}

/// What a subscriber reads who was too slow.
pub(super) fn dropped(frame: Frame, count: u64) -> Frame {
    let updates = if count == 1 { "1 update was" } else { &format!("{count} updates were") };
    let text = format!("{updates} dropped before this one, because this subscriber did not keep up");
    added(frame, Severity::Warning, text)
}
