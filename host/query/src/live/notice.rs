//! Frames that say something of the stream itself, in the notices that panels show.

use std::sync::Arc;
use wellhead_frame::{Frame, FrameMeta, Notice, SchemaRef, Severity};

/// The frame with one more notice.
pub(super) fn added(mut frame: Frame, severity: Severity, text: String) -> Frame {
    let mut meta = frame.meta().cloned().unwrap_or_default();
    meta.notices.push(Notice::new(severity, text));
    // Metadata that could be read can be written; where not, the rows are worth more than the notice.
    let _ = frame.set_meta(Some(meta));
    frame
}

/// A frame without rows: of this schema, or without fields where there is none yet. What the plugin's last frame had to say
/// is not said again.
pub(super) fn alone(schema: Option<&SchemaRef>, severity: Severity, text: String) -> Frame {
    let empty = schema.and_then(|schema| Frame::try_new(Arc::clone(schema), Vec::new()).ok());
    let mut empty = empty.unwrap_or_else(|| Frame::empty(""));
    if let Some(meta) = empty.meta().filter(|meta| !meta.notices.is_empty()).cloned() {
        // As in `added`.
        let _ = empty.set_meta(Some(FrameMeta { notices: Vec::new(), ..meta }));
    }
    added(empty, severity, text)
}

/// What a subscriber reads who was too slow.
pub(super) fn dropped(frame: Frame, count: u64) -> Frame {
    let updates = if count == 1 { "1 update was" } else { &format!("{count} updates were") };
    let text = format!("{updates} dropped before this one, because this subscriber did not keep up");
    added(frame, Severity::Warning, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_last_frame_had_to_say_is_not_said_again() {
        let said = added(Frame::empty("a"), Severity::Warning, "one message was no JSON".to_owned());
        let next = alone(Some(said.schema()), Severity::Error, "the server hung up".to_owned());
        let texts: Vec<_> = next.meta().unwrap().notices.iter().map(|notice| notice.text.as_str()).collect();
        assert_eq!((next.name(), texts), ("a", vec!["the server hung up"]));
    }
}
