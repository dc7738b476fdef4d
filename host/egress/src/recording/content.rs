//! Bytes as a file shows them: as JSON or text where they are that, so that people can read and review what was kept.
//! Whatever form is chosen, the bytes come back exactly.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Of a hundred bytes of a binary protocol, so many must be printable for its escaped form to be the readable one.
const READABLE_PERCENT: usize = 50;

/// A body, or a part of what a byte connection carried.
///
/// ```
/// use wellhead_egress::Content;
///
/// let json = Content::of(br#"{"a":1}"#);
/// assert_eq!(serde_json::to_string(&json).unwrap(), r#"{"json":{"a":1}}"#);
/// assert_eq!(json.bytes().unwrap(), br#"{"a":1}"#);
/// assert_eq!(serde_json::to_string(&Content::of(b"Q\0SELECT 1")).unwrap(), r#"{"escaped":"Q\\x00SELECT 1"}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// JSON, written without white space.
    Json(Value),
    /// Text of one line.
    Text(String),
    /// Text of several lines, which `\n` joins.
    Lines(Vec<String>),
    /// Mostly text: `\n`, `\r`, `\t`, `\\` and `\xNN` stand for what is none.
    Escaped(String),
    /// Anything else.
    Base64(String),
}

impl Default for Content {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Content {
    /// The most readable form that gives the bytes back exactly.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        if let Some(json) = exact_json(bytes) {
            return Self::Json(json);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')) => {
                match text.contains('\n') {
                    true => Self::Lines(text.split('\n').map(str::to_owned).collect()),
                    false => Self::Text(text.to_owned()),
                }
            }
            _ if is_readable(bytes) => Self::Escaped(escape(bytes)),
            _ => Self::Base64(BASE64_STANDARD.encode(bytes)),
        }
    }

    /// The bytes it stands for.
    ///
    /// # Errors
    /// What is wrong with a form that somebody wrote by hand.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::Json(value) => Ok(value.to_string().into_bytes()),
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Lines(lines) => Ok(lines.join("\n").into_bytes()),
            Self::Escaped(text) => unescape(text),
            Self::Base64(text) => BASE64_STANDARD.decode(text).map_err(|error| format!("not base64: {error}")),
        }
    }

    /// Whether these bytes are meant: for JSON whatever its white space.
    pub(super) fn is(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Json(value) => serde_json::from_slice::<Value>(bytes).is_ok_and(|other| other == *value),
            other => other.bytes().is_ok_and(|own| own == bytes),
        }
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes().is_ok_and(|bytes| bytes.is_empty())
    }
}

/// Only an object or array that is written as these bytes again: 1.0 and 1e0 must stay what they are.
fn exact_json(bytes: &[u8]) -> Option<Value> {
    let starts = matches!(bytes.first(), Some(b'{' | b'['));
    let value: Value = starts.then(|| serde_json::from_slice(bytes).ok())??;
    (value.to_string().as_bytes() == bytes).then_some(value)
}

fn is_readable(bytes: &[u8]) -> bool {
    let printable = bytes.iter().filter(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')).count();
    printable.saturating_mul(100) >= bytes.len().saturating_mul(READABLE_PERCENT)
}

/// Printable ASCII as it is; the rest as [`Content::Escaped`] says.
pub(super) fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            other => text.push_str(&format!("\\x{other:02x}")),
        }
    }
    text
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        bytes.extend_from_slice(before.as_bytes());
        let (byte, length) = match escape.as_bytes().get(1) {
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b't') => (b'\t', 2),
            Some(b'\\') => (b'\\', 2),
            Some(b'x') => {
                let digits = escape.get(2..4).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                (digits.ok_or("not escaped: \\x takes two hexadecimal digits")?, 4)
            }
            _ => return Err("not escaped: after \\ comes n, r, t, \\ or xNN".to_owned()),
        };
        bytes.push(byte);
        rest = escape.get(length..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_can_read_is_shown_so_that_they_can() {
        for (bytes, shown) in [
            (&br#"{"b":1,"a":[1.5,null]}"#[..], r#"{"json":{"b":1,"a":[1.5,null]}}"#),
            (br#"{ "a": 1 }"#, r#"{"text":"{ \"a\": 1 }"}"#),
            (b"[1e2]", r#"{"text":"[1e2]"}"#),
            (b"query=up&time=1", r#"{"text":"query=up&time=1"}"#),
            (b"a 1\nb 2\n", r#"{"lines":["a 1","b 2",""]}"#),
            (b"a\r\nb", r#"{"escaped":"a\\r\\nb"}"#),
            (b"Q\0\0\0\x0dSELECT '\\'\0", r#"{"escaped":"Q\\x00\\x00\\x00\\rSELECT '\\\\'\\x00"}"#),
            (b"\0\x01\x02a", r#"{"base64":"AAECYQ=="}"#),
            (b"", r#"{"text":""}"#),
        ] {
            let content = Content::of(bytes);
            assert_eq!(serde_json::to_string(&content).unwrap(), shown);
            assert_eq!(content.bytes().unwrap(), bytes);
        }
    }

    #[test]
    fn a_number_beyond_what_json_readers_keep_is_kept_as_text() {
        let long = br#"{"n":123456789012345678901234567890}"#;
        assert_eq!(Content::of(long).bytes().unwrap(), long);
    }

    #[test]
    fn json_that_somebody_laid_out_by_hand_means_the_same() {
        assert!(Content::Json(serde_json::json!({"a": [1]})).is(b"{ \"a\": [ 1 ] }"));
        assert!(!Content::Text("a".to_owned()).is(b"a "));
    }

    #[test]
    fn a_form_that_is_none_says_why() {
        for (content, why) in [
            (Content::Escaped("a\\q".to_owned()), "after \\ comes"),
            (Content::Escaped("a\\x0".to_owned()), "two hexadecimal digits"),
            (Content::Escaped("a\\".to_owned()), "after \\ comes"),
            (Content::Base64("%".to_owned()), "not base64"),
        ] {
            assert!(content.bytes().unwrap_err().contains(why), "{content:?}");
        }
    }

    proptest! {
        #[test]
        fn all_bytes_come_back_exactly(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let shown = serde_json::to_string(&Content::of(&bytes)).unwrap();
            let back: Content = serde_json::from_str(&shown).unwrap();
            prop_assert_eq!(back.bytes().unwrap(), bytes);
        }
    }
}
