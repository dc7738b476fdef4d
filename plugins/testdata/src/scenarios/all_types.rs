//! Every field type there is, not nullable and nullable, with the values that readers stumble over.

use wellhead_sdk::frame::{Column, EnumValue, FrameBuilder, RawJson};
use wellhead_sdk::prelude::*;

use crate::query::Query;

/// Adds the values once as they are, once in a nullable field where the last one is null.
fn both<T: Clone>(frame: FrameBuilder, name: &str, config: Option<FieldConfig>, values: Vec<T>) -> FrameBuilder
where
    Column: From<Vec<T>> + From<Vec<Option<T>>>,
{
    let field = |name: String| match &config {
        Some(config) => Field::new(name).config(config.clone()),
        None => Field::new(name),
    };
    let last = values.len().saturating_sub(1);
    let nullable: Vec<_> = values.iter().enumerate().map(|(row, value)| (row != last).then(|| value.clone())).collect();
    frame.column(field(name.to_owned()), values).column(field(format!("nullable {name}")), nullable)
}

macro_rules! integers {
    ($frame:ident, $($type:ident),*) => {$(
        let $frame = both($frame, stringify!($type), None, vec![$type::MIN, $type::MAX, 1, 0]);
    )*};
}

pub(super) fn frame(query: &DataQuery<Query>) -> Result<Frame, Error> {
    let start = query.time_range.from;
    let later = |nanos: i64| Timestamp::from_nanos(start.nanos().saturating_add(nanos));
    let json = ["null", "[1,2.5,\"x\"]", "{\"a\":{\"b\":null}}", "\"text\""].map(RawJson::from);
    let enum_config = FieldConfig::with_enum_texts(["Unknown", "Up", "Down"]);

    let frame = Frame::builder("all types");
    let frame = both(frame, "time", None, vec![start, later(1), later(999_999), later(1_000_000_000)]);
    integers!(frame, i8, i16, i32, i64, u8, u16, u32, u64);
    let frame = both(frame, "f32", None, vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE]);
    let frame = both(frame, "f64", None, vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.1]);
    let frame = both(frame, "string", None, vec!["", "ä € 😀", "\"\\\u{0}\n\u{2028}", "plain"]);
    let frame = both(frame, "bool", None, vec![true, false, true, false]);
    let frame = both(frame, "json", None, json.to_vec());
    let frame = both(frame, "enum", Some(enum_config), vec![EnumValue(0), EnumValue(1), EnumValue(2), EnumValue(1)]);
    Ok(frame.build()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::tests::an_hour;
    use std::collections::BTreeSet;
    use wellhead_sdk::frame::Value;

    #[test]
    fn every_type_is_there_twice_and_the_nullable_one_has_a_null() {
        let frame = frame(&an_hour(Query::default())).unwrap();
        let types: BTreeSet<String> = frame.fields().map(|field| format!("{:?}", field.field_type())).collect();
        assert_eq!((types.len(), frame.num_fields(), frame.num_rows()), (15, 30, 4));
        for field in frame.fields() {
            assert_eq!(field.nullable(), field.name().starts_with("nullable "), "{}", field.name());
            assert_eq!(field.values().any(|value| value == Value::Null), field.nullable(), "{}", field.name());
        }
    }
}
