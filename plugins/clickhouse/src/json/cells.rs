//! A column's values from JSON, by Grafana's type for it.

use crate::instant;
use arrow_array::ArrayRef;
use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, BooleanBuilder, Float32Builder, Float64Builder, Int8Builder, Int16Builder,
    Int32Builder, Int64Builder, StringBuilder, TimestampNanosecondBuilder, UInt8Builder, UInt16Builder, UInt32Builder,
    UInt64Builder,
};
use std::borrow::Cow;
use wellhead_sdk::frame::FieldType;

/// Values of one column on their way into a batch.
pub(super) enum Cells {
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Uint8(UInt8Builder),
    Uint16(UInt16Builder),
    Uint32(UInt32Builder),
    Uint64(UInt64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Bool(BooleanBuilder),
    Time(TimestampNanosecondBuilder),
    Json(BinaryBuilder),
    Text(StringBuilder),
}

impl Cells {
    pub(super) fn new(field_type: FieldType) -> Self {
        match field_type {
            FieldType::Int8 => Self::Int8(Int8Builder::new()),
            FieldType::Int16 => Self::Int16(Int16Builder::new()),
            FieldType::Int32 => Self::Int32(Int32Builder::new()),
            FieldType::Int64 => Self::Int64(Int64Builder::new()),
            FieldType::Uint8 => Self::Uint8(UInt8Builder::new()),
            FieldType::Uint16 => Self::Uint16(UInt16Builder::new()),
            FieldType::Uint32 => Self::Uint32(UInt32Builder::new()),
            FieldType::Uint64 => Self::Uint64(UInt64Builder::new()),
            FieldType::Float32 => Self::Float32(Float32Builder::new()),
            FieldType::Float64 => Self::Float64(Float64Builder::new()),
            FieldType::Bool => Self::Bool(BooleanBuilder::new()),
            FieldType::Time => Self::Time(TimestampNanosecondBuilder::new()),
            FieldType::Json => Self::Json(BinaryBuilder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// Adds a value, in the server's words.
    ///
    /// # Errors
    /// A value that the type does not have.
    pub(super) fn push(&mut self, json: &str) -> Result<(), ()> {
        let null = json == "null";
        // Numbers of 64 bits and times are strings, by the server's age and settings.
        let plain = json.trim_matches('"');
        macro_rules! numbers {
            ($builder:expr) => {
                $builder.append_option(if null { None } else { Some(plain.parse().map_err(|_| ())?) })
            };
        }
        match self {
            Self::Int8(builder) => numbers!(builder),
            Self::Int16(builder) => numbers!(builder),
            Self::Int32(builder) => numbers!(builder),
            Self::Int64(builder) => numbers!(builder),
            Self::Uint8(builder) => numbers!(builder),
            Self::Uint16(builder) => numbers!(builder),
            Self::Uint32(builder) => numbers!(builder),
            Self::Uint64(builder) => numbers!(builder),
            Self::Float32(builder) => numbers!(builder),
            Self::Float64(builder) => numbers!(builder),
            Self::Bool(builder) => builder.append_option(match plain {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                "null" => None,
                _ => return Err(()),
            }),
            Self::Time(builder) => {
                builder.append_option(if null { None } else { Some(instant::parse(plain).ok_or(())?) });
            }
            Self::Json(builder) => builder.append_option((!null).then_some(json)),
            Self::Text(builder) if null => builder.append_null(),
            // What is no string is shown as it is written.
            Self::Text(builder) => match serde_json::from_str::<Cow<'_, str>>(json) {
                Ok(text) => builder.append_value(text),
                Err(_) => builder.append_value(json),
            },
        }
        Ok(())
    }

    pub(super) fn finish(self) -> ArrayRef {
        match self {
            Self::Int8(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Int16(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Int32(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Int64(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Uint8(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Uint16(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Uint32(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Uint64(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Float32(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Float64(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Bool(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Time(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Json(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Text(mut builder) => ArrayBuilder::finish(&mut builder),
        }
    }
}

/// True for the names of UTC.
pub(crate) fn is_utc(zone: &str) -> bool {
    ["UTC", "Etc/UTC", "GMT", "Etc/GMT", "UCT", "Etc/UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal"]
        .contains(&zone)
}
