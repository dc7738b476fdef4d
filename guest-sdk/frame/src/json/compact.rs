//! JSON documents on one line, as Go's encoding/json puts a json.RawMessage: transports part messages at line breaks.

use serde_json::value::RawValue;

use crate::RawJson;

impl RawJson {
    /// The same document without white space between its values, and so on one line. Numbers stay as they are written.
    ///
    /// # Errors
    /// Anything but one JSON document.
    pub fn compacted(&self) -> Result<Self, serde_json::Error> {
        let document: &RawValue = serde_json::from_slice(&self.0)?;
        let mut out = Vec::with_capacity(document.get().len());
        compact(document, &mut out);
        Ok(Self(out))
    }
}

/// Appends a document without the white space between its values.
pub(super) fn compact(document: &RawValue, out: &mut Vec<u8>) {
    let text = document.get().as_bytes();
    let mut in_string = false;
    let mut escaped = false;
    let mut start = 0;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            // A string has no line break as such, and its spaces are its own.
            b' ' | b'\t' | b'\r' | b'\n' if !in_string => {
                out.extend_from_slice(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    out.extend_from_slice(text.get(start..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_put_on_one_line_and_stays_the_same() {
        let cases = [
            (" {\r\n\t\"a b\\\" \\\\\" : [ 1.50 , \"x\\ny\" ] } ", "{\"a b\\\" \\\\\":[1.50,\"x\\ny\"]}"),
            ("\n12345678901234567890.0\n", "12345678901234567890.0"),
            ("\" \\\\\"", "\" \\\\\""),
            ("{}", "{}"),
        ];
        for (document, line) in cases {
            assert_eq!(RawJson::from(document).compacted().unwrap(), RawJson::from(line));
        }
        for bad in ["", "{", "1 2", "\"\n\""] {
            RawJson::from(bad).compacted().unwrap_err();
        }
    }
}
