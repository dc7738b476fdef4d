//! Values as text: how the server writes them where a statement cannot be prepared, and how bytes are shown.

use super::column::{Column, Values};
use super::{Kind, geometry, time};
use std::borrow::Cow;
use std::fmt::Write;
use std::str::FromStr;

/// Appends a value; `None`, and nothing appended, where it is malformed.
pub(super) fn push(column: &mut Column, raw: &[u8]) -> Option<()> {
    let Column { column_type, values, text } = column;
    match values {
        Values::Int64(values) => values.append_value(parse(raw)?),
        Values::Uint64(values) => values.append_value(parse(raw)?),
        Values::Uint32(values) => values.append_value(parse(raw)?),
        Values::Uint16(values) => values.append_value(parse(raw)?),
        Values::Uint8(values) => values.append_value(parse(raw)?),
        Values::Int32(values) => values.append_value(parse(raw)?),
        Values::Float64(values) => values.append_value(number(raw)?),
        Values::Time(values) => values.append_option(time::read_instant(std::str::from_utf8(raw).ok()?)?),
        Values::Text(values) => match column_type.kind {
            Kind::Bytes => values.append_value(bytes(raw, text)),
            Kind::Geometry => values.append_value(geometry::text(raw, text)),
            _ => values.append_value(String::from_utf8_lossy(raw)),
        },
    }
    Some(())
}

fn parse<T: FromStr>(raw: &[u8]) -> Option<T> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

/// The nearest float64 of digits.
pub(super) fn number(raw: &[u8]) -> Option<f64> {
    parse(raw)
}

/// Bytes as text where they are text, else as MySQL writes them in a statement: `0xFF00`.
pub(super) fn bytes<'a>(raw: &'a [u8], text: &'a mut String) -> Cow<'a, str> {
    if let Ok(readable) = std::str::from_utf8(raw) {
        return Cow::Borrowed(readable);
    }
    text.clear();
    text.reserve(2 + 2 * raw.len());
    text.push_str("0x");
    for byte in raw {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02X}");
    }
    Cow::Borrowed(text)
}

/// Up to here a float32 has every integer, and an integer is shown with all its digits.
const LONGEST_INTEGER: f32 = 16_777_216.0;

/// The float64 of the digits that it takes to tell a float32 from its neighbours: 0.1, not 0.10000000149011612.
pub(super) fn widen(value: f32, text: &mut String) -> f64 {
    let wide = f64::from(value);
    let is_short = value.fract() == 0.0 && value.abs() <= LONGEST_INTEGER;
    if is_short || !value.is_finite() {
        return wide;
    }
    text.clear();
    let _ = write!(text, "{value:e}");
    text.parse().unwrap_or(wide)
}
