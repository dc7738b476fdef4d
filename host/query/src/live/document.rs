//! What clients and plugins publish: a JSON document, which may be a data frame.

use super::message::Content;
use serde::Deserialize;
use serde_json::value::RawValue;
use wellhead_frame::{Frame, RawJson, ReadLimits};

/// The document on one line, since transports part messages at line breaks.
///
/// # Errors
/// What is wrong, where it is none.
pub(super) fn on_one_line(document: &str) -> Result<String, String> {
    let compacted = RawJson::from(document).compacted().map_err(|error| format!("it is no JSON document: {error}"))?;
    String::from_utf8(compacted.0).map_err(|error| error.to_string())
}

/// A frame where the document reads as one; any other as it is.
pub(super) fn content(document: String) -> Content {
    match frame(&document) {
        Some(frame) => Content::frame(frame),
        None => Content::Json(document.into()),
    }
}

/// A frame has a schema, data and nothing else, and at least one field: otherwise the document is something else that
/// happens to have keys of these names.
fn frame(document: &str) -> Option<Frame> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shape<'a> {
        #[serde(borrow, rename = "schema")]
        _schema: &'a RawValue,
        #[serde(borrow, rename = "data")]
        _data: &'a RawValue,
    }
    serde_json::from_str::<Shape<'_>>(document).ok()?;
    let frame = Frame::from_json(document.as_bytes(), &ReadLimits::default()).ok()?;
    (frame.num_fields() > 0).then_some(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_a_frame_only_where_all_of_it_is() {
        let schema = r#""schema":{"fields":[{"name":"n","type":"number","typeInfo":{"frame":"float64"}}]}"#;
        for (document, is_frame) in [
            (format!("{{{schema},\"data\":{{\"values\":[[1]]}}}}"), true),
            (format!("{{{schema},\"data\":{{\"values\":[[1]]}},\"id\":7}}"), false),
            (format!("{{{schema},\"data\":{{\"values\":[[\"a\"]]}}}}"), false),
            (format!("{{{schema}}}"), false),
            (r#"{"schema":{"fields":[]},"data":{"values":[]}}"#.to_owned(), false),
            (r#"{"data":{"values":[[1]]}}"#.to_owned(), false),
            ("{}".to_owned(), false),
            ("[1,2]".to_owned(), false),
            ("7".to_owned(), false),
        ] {
            assert_eq!(matches!(content(document.clone()), Content::Frame { .. }), is_frame, "{document}");
        }
    }

    #[test]
    fn a_document_is_put_on_one_line_and_anything_else_is_refused() {
        assert_eq!(on_one_line(" {\n \"a\": [1, \"b\\n c\"]\r\n}").unwrap(), r#"{"a":[1,"b\n c"]}"#);
        for bad in ["", "{", "{} {}", "nan", "'a'"] {
            assert!(on_one_line(bad).unwrap_err().starts_with("it is no JSON document"), "{bad:?}");
        }
    }
}
