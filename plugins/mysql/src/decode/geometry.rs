//! Geometry as well-known text. The server sends a reference system's number and then well-known binary (OGC 06-103r4, 8);
//! what is not that is shown as bytes.

use super::text::{self as bytes_as, LONGEST};
use super::{Malformed, float};
use crate::protocol::Reader;
use std::borrow::Cow;

/// Collections within collections.
const DEEPEST: usize = 16;
/// The number of the reference system.
const SYSTEM: usize = 4;

/// A geometry as the server's `ST_AsText` has it.
pub(super) fn text<'a>(raw: &'a [u8], text: &'a mut String) -> Result<Cow<'a, str>, Malformed> {
    let mut out = std::mem::take(text);
    out.clear();
    let mut reader = Reader::new(raw);
    let read = reader.bytes(SYSTEM).and_then(|_| shape(&mut reader, DEEPEST, true, &mut out));
    let is_whole = read.is_some() && reader.left() == 0;
    let is_too_long = out.len() > LONGEST;
    // What one value took, the next ones may not need.
    *text = if is_too_long { String::new() } else { out };
    match is_whole {
        _ if is_too_long => Err(Malformed::Long),
        true => Ok(Cow::Borrowed(text)),
        false => bytes_as::bytes(raw, text),
    }
}

/// One shape, with its name or without.
fn shape(reader: &mut Reader<'_>, deep: usize, is_named: bool, out: &mut String) -> Option<()> {
    let is_little = match reader.u8()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    let mut wkb = Wkb { reader, is_little };
    let kind = wkb.count()?;
    let name =
        *["POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"]
            .get(usize::try_from(kind).ok()?.checked_sub(1)?)?;
    if is_named {
        out.push_str(name);
    }
    match kind {
        1 => bracketed(1, out, |out| wkb.point(out)),
        2 => wkb.line(out),
        3 => wkb.list(out, Wkb::line),
        // Their parts are whole shapes again.
        _ => {
            let deep = deep.checked_sub(1)?;
            let is_named = kind == 7;
            wkb.list(out, |wkb, out| shape(wkb.reader, deep, is_named, out))
        }
    }
}

struct Wkb<'r, 'a> {
    reader: &'r mut Reader<'a>,
    is_little: bool,
}

impl Wkb<'_, '_> {
    fn count(&mut self) -> Option<u32> {
        let bytes = self.reader.array()?;
        Some(if self.is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn number(&mut self) -> Option<f64> {
        let bytes = self.reader.array()?;
        Some(if self.is_little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    fn point(&mut self, out: &mut String) -> Option<()> {
        let (x, y) = (self.number()?, self.number()?);
        if !x.is_finite() || !y.is_finite() || out.len() > LONGEST {
            return None;
        }
        float::write(x, out);
        out.push(' ');
        float::write(y, out);
        Some(())
    }

    fn line(&mut self, out: &mut String) -> Option<()> {
        self.list(out, Wkb::point)
    }

    /// As many as the server says. Each takes some bytes, so that a number that lies ends with the bytes.
    fn list(&mut self, out: &mut String, mut part: impl FnMut(&mut Self, &mut String) -> Option<()>) -> Option<()> {
        let count = self.count()?;
        bracketed(count, out, |out| part(self, out))
    }
}

fn bracketed(count: u32, out: &mut String, mut part: impl FnMut(&mut String) -> Option<()>) -> Option<()> {
    if count == 0 {
        out.push_str(" EMPTY");
        return Some(());
    }
    for number in 0..count {
        out.push(if number == 0 { '(' } else { ',' });
        part(out)?;
    }
    out.push(')');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_geometry_is_shown_as_bytes_and_lying_counts_end() {
        let mut scratch = String::new();
        let many = b"\0\0\0\0\x01\x02\0\0\0\xff\xff\xff\xff";
        assert_eq!(text(many, &mut scratch).unwrap(), "0x000000000102000000FFFFFFFF");
        assert_eq!(text(b"abc", &mut scratch).unwrap(), "abc");
        let mut nested = b"\0\0\0\0".to_vec();
        for _ in 0..100_000 {
            nested.extend_from_slice(b"\x01\x07\0\0\0\x01\0\0\0");
        }
        nested.extend_from_slice(b"\x01\x07\0\0\0\0\0\0\0");
        assert!(!text(&nested, &mut scratch).unwrap().starts_with('G'));
        assert_eq!(text(b"\0\0\0\0\x01\x07\0\0\0\0\0\0\0", &mut scratch).unwrap(), "GEOMETRYCOLLECTION EMPTY");
    }

    #[test]
    fn a_geometry_that_would_be_written_too_long_is_refused() {
        let line = |points: usize| {
            let mut raw = b"\0\0\0\0\x01\x02\0\0\0".to_vec();
            raw.extend_from_slice(&(points as u32).to_le_bytes());
            raw.extend(std::iter::repeat_n(f64::MIN.to_le_bytes(), 2 * points).flatten());
            raw
        };
        let mut scratch = String::new();
        assert_eq!(text(&line(1_000_000), &mut scratch), Err(Malformed::Long), "16 MB become 50");
        assert_eq!(scratch.capacity(), 0);
        assert!(text(&line(2), &mut scratch).unwrap().starts_with("LINESTRING(-1.7976931348623157e308 -1.7"));
        let infinite = [b"\0\0\0\0\x01\x01\0\0\0".as_slice(), &f64::INFINITY.to_le_bytes(), &[0; 8]].concat();
        assert!(text(&infinite, &mut scratch).unwrap().starts_with("0x"));
    }
}
