//! Single values and headings as text for people and for CSV: nothing rounded, nothing lost.

use jiff::Timestamp;
use std::borrow::Cow;
use std::fmt::Write;
use wellhead_frame::{FieldType, FieldView, Value};

/// How the values of one field are written.
pub(crate) struct FieldText<'a> {
    field: FieldView<'a>,
    /// Digits of the second's fraction, the same for the whole field so that instants line up: 0, 3, 6 or 9.
    fraction: usize,
}

impl<'a> FieldText<'a> {
    pub(crate) fn new(field: FieldView<'a>) -> Self {
        let fraction = match field.field_type() {
            FieldType::Time => field.values().map(|value| fraction_digits(&value)).max().unwrap_or(0),
            _ => 0,
        };
        Self { field, fraction }
    }

    /// The field's heading: the name it asks to be shown under, else its name and labels.
    pub(crate) fn heading(&self) -> String {
        let config = self.field.config();
        let shown = config.and_then(|config| config.display_name.as_ref().or(config.display_name_from_ds.as_ref()));
        if let Some(shown) = shown.filter(|shown| !shown.is_empty()) {
            return shown.clone();
        }
        let mut heading = self.field.name().to_owned();
        if !self.field.labels().is_empty() {
            let labels = self.field.labels().iter().map(|(name, value)| format!("{name}={value:?}"));
            heading = format!("{heading}{{{}}}", labels.collect::<Vec<_>>().join(", "));
        }
        heading
    }

    /// The value as text, `None` for null.
    pub(crate) fn value(&self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Int8(number) => number.to_string(),
            Value::Int16(number) => number.to_string(),
            Value::Int32(number) => number.to_string(),
            Value::Int64(number) => number.to_string(),
            Value::Uint8(number) => number.to_string(),
            Value::Uint16(number) => number.to_string(),
            Value::Uint32(number) => number.to_string(),
            Value::Uint64(number) => number.to_string(),
            Value::Float32(number) => float(number, f64::from(*number)),
            Value::Float64(number) => float(number, *number),
            Value::String(text) => text.clone(),
            Value::Bool(truth) => truth.to_string(),
            Value::Time(instant) => rfc3339(instant.nanos(), self.fraction),
            Value::Json(document) => String::from_utf8_lossy(document.as_bytes()).into_owned(),
            Value::Enum(index) => {
                let texts = self.field.config().and_then(|config| config.enum_texts()).unwrap_or_default();
                texts.get(usize::from(index.0)).cloned().unwrap_or_else(|| index.0.to_string())
            }
            _ => return None,
        })
    }
}

fn fraction_digits(value: &Value) -> usize {
    match value {
        Value::Time(instant) if instant.nanos() % 1_000_000_000 == 0 => 0,
        Value::Time(instant) if instant.nanos() % 1_000_000 == 0 => 3,
        Value::Time(instant) if instant.nanos() % 1_000 == 0 => 6,
        Value::Time(_) => 9,
        _ => 0,
    }
}

/// An instant in RFC 3339, UTC. Every i64 of nanoseconds is within jiff's range; were it not, the number says it all.
pub(crate) fn rfc3339(nanos: i64, fraction: usize) -> String {
    Timestamp::from_nanosecond(nanos.into())
        .map_or_else(|_| nanos.to_string(), |instant| format!("{instant:.fraction$}"))
}

/// The shortest digits that read back as the same number, with an exponent where zeros would hide them.
fn float<F: std::fmt::Display + std::fmt::LowerExp>(number: &F, wide: f64) -> String {
    let size = wide.abs();
    if wide.is_nan() {
        "NaN".to_owned()
    } else if wide.is_infinite() {
        if wide > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else if size != 0.0 && !(1e-5..1e16).contains(&size) {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}

/// Text that cannot steer a terminal: control characters are escaped, line breaks among them.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            // Writing into a String cannot fail.
            let _ = write!(safe, "{}", letter.escape_default());
        } else {
            safe.push(letter);
        }
    }
    Cow::Owned(safe)
}

/// The same for text of several lines, which stay lines.
pub(crate) fn harmless_lines(text: &str) -> String {
    text.lines().map(harmless).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_frame::{Field, Frame};

    fn texts(frame: &Frame) -> Vec<String> {
        let field = frame.field(0).unwrap();
        let text = FieldText::new(field);
        field.values().map(|value| text.value(&value).unwrap_or_else(|| "null".to_owned())).collect()
    }

    #[test]
    fn floats_keep_every_digit_and_name_what_is_no_number() {
        let values = vec![
            Some(5.0),
            Some(0.1 + 0.2),
            Some(1e300),
            Some(1e-7),
            Some(f64::NAN),
            Some(f64::INFINITY),
            Some(f64::NEG_INFINITY),
            Some(-0.0),
            None,
        ];
        let frame = Frame::builder("").column(Field::new("v"), values).build().unwrap();
        let shown = ["5", "0.30000000000000004", "1e300", "1e-7", "NaN", "+Inf", "-Inf", "-0", "null"];
        assert_eq!(texts(&frame), shown);
    }

    #[test]
    fn instants_of_a_field_share_the_finest_fraction_among_them() {
        let column = |nanos: &[i64]| {
            let instants: Vec<_> = nanos.iter().map(|nanos| wellhead_frame::Timestamp::from_nanos(*nanos)).collect();
            texts(&Frame::builder("").column(Field::new("t"), instants).build().unwrap())
        };
        assert_eq!(column(&[0, 1_000_000_000]), ["1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"]);
        assert_eq!(column(&[0, 1_500_000_000]), ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:01.500Z"]);
        assert_eq!(column(&[-1]), ["1969-12-31T23:59:59.999999999Z"]);
        assert_eq!(column(&[i64::MIN, i64::MAX]), ["1677-09-21T00:12:43.145224192Z", "2262-04-11T23:47:16.854775807Z"]);
    }

    #[test]
    fn headings_carry_labels_unless_the_field_names_itself() {
        let field = Field::new("up").label("job", "a\"b");
        let frame = Frame::builder("").column(field, vec![1.0]).build().unwrap();
        assert_eq!(FieldText::new(frame.field(0).unwrap()).heading(), r#"up{job="a\"b"}"#);
    }

    #[test]
    fn a_value_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb\\nc");
        assert_eq!(harmless("größe"), "größe");
        assert_eq!(harmless_lines("a\r\nb\u{9b}2J\n"), "a\nb\\u{9b}2J");
    }
}
