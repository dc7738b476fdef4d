//! Values as text: how the server writes them where a statement cannot be prepared, and how texts and bytes are shown.

use super::column::Values;
use super::{ColumnType, Kind, Malformed, geometry, time};
use std::borrow::Cow;
use std::fmt::Write;
use std::str::FromStr;

/// The most that one value may have as text. What is sent may grow threefold when it is written, and must still fit into
/// an instance.
pub(crate) const LONGEST: usize = 32 << 20;

/// Appends a value that is no text; `None`, and nothing appended, where it is malformed.
pub(super) fn push(values: &mut Values, raw: &[u8]) -> Option<()> {
    match values {
        Values::Int64(values) => values.append_value(parse(raw)?),
        Values::Uint64(values) => values.append_value(parse(raw)?),
        Values::Uint32(values) => values.append_value(parse(raw)?),
        Values::Uint16(values) => values.append_value(parse(raw)?),
        Values::Uint8(values) => values.append_value(parse(raw)?),
        Values::Int32(values) => values.append_value(parse(raw)?),
        Values::Float64(values) => values.append_value(number(raw)?),
        Values::Time(values) => values.append_option(time::read_instant(std::str::from_utf8(raw).ok()?)?),
        Values::Text(_) => return None,
    }
    Some(())
}

/// A text, or what is shown as one.
pub(super) fn shown<'a>(
    column_type: ColumnType,
    raw: &'a [u8],
    scratch: &'a mut String,
) -> Result<Cow<'a, str>, Malformed> {
    match column_type.kind {
        Kind::Bytes => bytes(raw, scratch),
        Kind::Geometry => geometry::text(raw, scratch),
        _ => readable(raw),
    }
}

fn parse<T: FromStr>(raw: &[u8]) -> Option<T> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

/// The nearest float64 of digits.
pub(super) fn number(raw: &[u8]) -> Option<f64> {
    parse(raw)
}

/// Text; what is none in it becomes U+FFFD.
fn readable(raw: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    let length = |chunk: std::str::Utf8Chunk<'_>| {
        chunk.valid().len() + if chunk.invalid().is_empty() { 0 } else { char::REPLACEMENT_CHARACTER.len_utf8() }
    };
    if raw.len() > LONGEST / 3 && raw.utf8_chunks().map(length).sum::<usize>() > LONGEST {
        return Err(Malformed::Long);
    }
    Ok(String::from_utf8_lossy(raw))
}

/// Bytes as text where they are text, else as MySQL writes them in a statement: `0xFF00`.
pub(super) fn bytes<'a>(raw: &'a [u8], text: &'a mut String) -> Result<Cow<'a, str>, Malformed> {
    if let Ok(readable) = std::str::from_utf8(raw) {
        return Ok(Cow::Borrowed(readable));
    }
    let length = 2 + 2 * raw.len();
    if length > LONGEST {
        return Err(Malformed::Long);
    }
    text.clear();
    text.reserve(length);
    text.push_str("0x");
    for byte in raw {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02X}");
    }
    Ok(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_grow_past_the_limit_is_refused_before_it_does() {
        let mut scratch = String::new();
        let raw = vec![0xff; LONGEST / 2];
        assert_eq!((readable(&raw), bytes(&raw, &mut scratch)), (Err(Malformed::Long), Err(Malformed::Long)));
        assert_eq!(scratch.capacity(), 0);
        assert_eq!(readable(&vec![b'a'; LONGEST]).map(|text| text.len()), Ok(LONGEST));
        assert_eq!(readable(b"a\xff\xfeb").unwrap(), "a\u{fffd}\u{fffd}b");
    }
}
