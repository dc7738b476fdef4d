//! One column of a batch that is being read.

use super::{Kind, inet, numeric, time};
use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Float64Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder,
    TimestampNanosecondBuilder,
};
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

/// Collects values until a batch is full.
#[derive(Debug)]
pub struct Column {
    kind: Kind,
    values: Values,
    /// Where text is put together.
    text: String,
}

#[derive(Debug)]
enum Values {
    Bool(BooleanBuilder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Time(TimestampNanosecondBuilder),
    Json(BinaryBuilder),
    Text(StringBuilder),
}

/// A value is not what its type's binary format allows: the server, or something between, speaks another protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server sent a value that is no {kind:?} ({bytes} bytes)")]
pub struct Malformed {
    /// What it should have been.
    pub kind: Kind,
    /// How long it was.
    pub bytes: usize,
}

impl Column {
    /// An empty column.
    pub fn new(kind: Kind) -> Self {
        let values = match kind {
            Kind::Bool => Values::Bool(BooleanBuilder::new()),
            Kind::Int2 => Values::Int16(Int16Builder::new()),
            Kind::Int4 => Values::Int32(Int32Builder::new()),
            Kind::Int8 => Values::Int64(Int64Builder::new()),
            Kind::Float4 | Kind::Float8 | Kind::Numeric => Values::Float64(Float64Builder::new()),
            Kind::Timestamp | Kind::Date => Values::Time(TimestampNanosecondBuilder::new()),
            Kind::Json | Kind::Jsonb => Values::Json(BinaryBuilder::new()),
            Kind::Uuid | Kind::Inet | Kind::Bytea | Kind::Text => Values::Text(StringBuilder::new()),
        };
        Self { kind, values, text: String::new() }
    }

    /// Appends a value as the server sent it, `None` for null.
    ///
    /// # Errors
    /// [`Malformed`], and nothing is appended.
    pub fn push(&mut self, raw: Option<&[u8]>) -> Result<(), Malformed> {
        let Some(raw) = raw else {
            self.push_null();
            return Ok(());
        };
        self.push_value(raw).ok_or(Malformed { kind: self.kind, bytes: raw.len() })
    }

    fn push_null(&mut self) {
        match &mut self.values {
            Values::Bool(values) => values.append_null(),
            Values::Int16(values) => values.append_null(),
            Values::Int32(values) => values.append_null(),
            Values::Int64(values) => values.append_null(),
            Values::Float64(values) => values.append_null(),
            Values::Time(values) => values.append_null(),
            Values::Json(values) => values.append_null(),
            Values::Text(values) => values.append_null(),
        }
    }

    fn push_value(&mut self, raw: &[u8]) -> Option<()> {
        match &mut self.values {
            Values::Bool(values) => values.append_value(*raw.first().filter(|_| raw.len() == 1)? != 0),
            Values::Int16(values) => values.append_value(i16::from_be_bytes(raw.try_into().ok()?)),
            Values::Int32(values) => values.append_value(i32::from_be_bytes(raw.try_into().ok()?)),
            Values::Int64(values) => values.append_value(i64::from_be_bytes(raw.try_into().ok()?)),
            Values::Float64(values) => values.append_value(match self.kind {
                Kind::Float4 => widen(f32::from_be_bytes(raw.try_into().ok()?), &mut self.text),
                Kind::Numeric => numeric::to_f64(raw, &mut self.text)?,
                _ => f64::from_be_bytes(raw.try_into().ok()?),
            }),
            Values::Time(values) => values.append_option(match self.kind {
                Kind::Date => time::from_days(i32::from_be_bytes(raw.try_into().ok()?)),
                _ => time::from_micros(i64::from_be_bytes(raw.try_into().ok()?)),
            }),
            Values::Json(values) => values.append_value(match self.kind {
                Kind::Jsonb => raw.strip_prefix(&[JSONB_VERSION])?,
                _ => raw,
            }),
            Values::Text(values) => match self.kind {
                Kind::Uuid => values.append_value(uuid(raw.try_into().ok()?, &mut self.text)),
                Kind::Inet => values.append_value(inet::write(raw, &mut self.text)?),
                Kind::Bytea => values.append_value(bytea(raw, &mut self.text)),
                // A database in the encoding SQL_ASCII keeps whatever bytes it was given.
                _ => values.append_value(String::from_utf8_lossy(raw)),
            },
        }
        Some(())
    }

    /// What was appended; the column is then empty again.
    pub fn take(&mut self) -> ArrayRef {
        match &mut self.values {
            Values::Bool(values) => Arc::new(values.finish()),
            Values::Int16(values) => Arc::new(values.finish()),
            Values::Int32(values) => Arc::new(values.finish()),
            Values::Int64(values) => Arc::new(values.finish()),
            Values::Float64(values) => Arc::new(values.finish()),
            Values::Time(values) => Arc::new(values.finish()),
            Values::Json(values) => Arc::new(values.finish()),
            Values::Text(values) => Arc::new(values.finish()),
        }
    }
}

const JSONB_VERSION: u8 = 1;
/// Up to here a float32 has every integer, and an integer is shown with all its digits.
const LONGEST_INTEGER: f32 = 16_777_216.0;

/// The float64 of the digits that PostgreSQL shows, as Grafana has it: 0.1, not 0.10000000149011612.
fn widen(value: f32, text: &mut String) -> f64 {
    let wide = f64::from(value);
    let is_short = value.fract() == 0.0 && value.abs() <= LONGEST_INTEGER;
    if is_short || !value.is_finite() {
        return wide;
    }
    text.clear();
    // Writing into a string cannot fail, and what was written is a number.
    let _ = write!(text, "{value:e}");
    text.parse().unwrap_or(wide)
}

fn uuid(raw: [u8; 16], text: &mut String) -> &str {
    text.clear();
    for (at, byte) in raw.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn bytea<'a>(raw: &'a [u8], text: &'a mut String) -> Cow<'a, str> {
    if let Ok(readable) = std::str::from_utf8(raw) {
        return Cow::Borrowed(readable);
    }
    text.clear();
    text.push_str("\\x");
    for byte in raw {
        let _ = write!(text, "{byte:02x}");
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::cast::AsArray;

    #[test]
    fn a_value_of_the_wrong_length_is_refused_and_nothing_is_appended() {
        for kind in [
            Kind::Bool,
            Kind::Int2,
            Kind::Int4,
            Kind::Int8,
            Kind::Float4,
            Kind::Float8,
            Kind::Numeric,
            Kind::Timestamp,
            Kind::Date,
            Kind::Jsonb,
            Kind::Uuid,
            Kind::Inet,
        ] {
            let mut column = Column::new(kind);
            for bytes in [0, 3, 5, 7, 9, 15, 17] {
                let raw = vec![0xff; bytes];
                assert_eq!(column.push(Some(&raw)), Err(Malformed { kind, bytes }));
            }
            assert_eq!(column.take().len(), 0, "{kind:?}");
        }
    }

    #[test]
    fn a_real_has_the_digits_that_postgresql_shows() {
        let mut text = String::new();
        for (value, expected) in [(0.1, 0.1), (3.402_823_5e38, 3.402_823_5e38), (1e-45, 1e-45), (-30.75, -30.75)] {
            assert_eq!(widen(value, &mut text), expected);
        }
        assert!(widen(f32::NAN, &mut text).is_nan());
        assert_eq!(widen(f32::NEG_INFINITY, &mut text), f64::NEG_INFINITY);
        assert_eq!(widen(16_777_216.0, &mut text), 16_777_216.0);
    }

    #[test]
    fn bytes_are_shown_as_text_where_they_are_text() {
        let mut column = Column::new(Kind::Bytea);
        column.push(Some(b"ABCD")).unwrap();
        column.push(Some(&[0xff, 0x00])).unwrap();
        column.push(None).unwrap();
        let array = column.take();
        let texts: Vec<_> = array.as_string::<i32>().iter().collect();
        assert_eq!(texts, [Some("ABCD"), Some("\\xff00"), None]);
    }
}
