//! One column of a batch that is being read.

use super::{ColumnType, Kind, binary, text};
use crate::protocol::Reader;
use arrow_array::ArrayRef;
use arrow_array::builder::{
    Float64Builder, Int32Builder, Int64Builder, StringBuilder, TimestampNanosecondBuilder, UInt8Builder, UInt16Builder,
    UInt32Builder, UInt64Builder,
};
use std::sync::Arc;
use wellhead_sdk::frame::FieldType;

/// Collects values until a batch is full.
#[derive(Debug)]
pub struct Column {
    pub(super) column_type: ColumnType,
    pub(super) values: Values,
    /// Where text is put together.
    pub(super) text: String,
}

#[derive(Debug)]
pub(super) enum Values {
    Int32(Int32Builder),
    Int64(Int64Builder),
    Uint8(UInt8Builder),
    Uint16(UInt16Builder),
    Uint32(UInt32Builder),
    Uint64(UInt64Builder),
    Float64(Float64Builder),
    Time(TimestampNanosecondBuilder),
    Text(StringBuilder),
}

/// A value is not what its type allows: the server, or something between, speaks another protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It cannot be read.
    #[error("the server sent a value that is no {0:?}")]
    Value(Kind),
    /// Its text would be too long.
    #[error(
        "a value has more than {} MiB as text, which is the most: ask for less of it, as with LEFT(column, 1000)",
        text::LONGEST >> 20
    )]
    Long,
    /// It is null where the server said that there are no nulls.
    #[error("the server says it is NOT NULL, and sent a null: put NULLIF(…, NULL) around it in the query")]
    Null,
}

/// Does the same with the builder, whichever it is.
macro_rules! with_builder {
    ($values:expr, $builder:ident => $what:expr) => {
        match $values {
            Values::Int32($builder) => $what,
            Values::Int64($builder) => $what,
            Values::Uint8($builder) => $what,
            Values::Uint16($builder) => $what,
            Values::Uint32($builder) => $what,
            Values::Uint64($builder) => $what,
            Values::Float64($builder) => $what,
            Values::Time($builder) => $what,
            Values::Text($builder) => $what,
        }
    };
}

impl Column {
    /// An empty column. It has no room yet: there may be 65,535 of them, and no rows.
    pub fn new(column_type: ColumnType) -> Self {
        let values = match column_type.field_type() {
            FieldType::Int32 => Values::Int32(Int32Builder::with_capacity(0)),
            FieldType::Uint8 => Values::Uint8(UInt8Builder::with_capacity(0)),
            FieldType::Uint16 => Values::Uint16(UInt16Builder::with_capacity(0)),
            FieldType::Uint32 => Values::Uint32(UInt32Builder::with_capacity(0)),
            FieldType::Uint64 => Values::Uint64(UInt64Builder::with_capacity(0)),
            FieldType::Float64 => Values::Float64(Float64Builder::with_capacity(0)),
            FieldType::Time => Values::Time(TimestampNanosecondBuilder::with_capacity(0)),
            FieldType::String => Values::Text(StringBuilder::with_capacity(0, 0)),
            _ => Values::Int64(Int64Builder::with_capacity(0)),
        };
        Self { column_type, values, text: String::new() }
    }

    /// Appends the next value of a row in binary.
    ///
    /// # Errors
    /// [`Malformed`], and nothing is appended.
    pub fn push_binary(&mut self, row: &mut Reader<'_>) -> Result<(), Malformed> {
        let Self { column_type, values, text } = self;
        let malformed = Malformed::Value(column_type.kind);
        match values {
            Values::Text(values) => {
                values.append_value(binary::shown(*column_type, row, text).ok_or(malformed)??);
                Ok(())
            }
            values => binary::push(*column_type, values, row, text).ok_or(malformed),
        }
    }

    /// Appends a value that the server wrote as text.
    ///
    /// # Errors
    /// [`Malformed`], and nothing is appended.
    pub fn push_text(&mut self, raw: &[u8]) -> Result<(), Malformed> {
        let Self { column_type, values, text } = self;
        match values {
            Values::Text(values) => {
                values.append_value(text::shown(*column_type, raw, text)?);
                Ok(())
            }
            values => text::push(values, raw).ok_or(Malformed::Value(column_type.kind)),
        }
    }

    /// Appends a null.
    ///
    /// # Errors
    /// [`Malformed::Null`] where there can be none.
    pub fn push_null(&mut self) -> Result<(), Malformed> {
        if !self.column_type.is_nullable() {
            return Err(Malformed::Null);
        }
        with_builder!(&mut self.values, builder => builder.append_null());
        Ok(())
    }

    /// Bytes of the texts that were appended.
    pub fn text_bytes(&self) -> usize {
        match &self.values {
            Values::Text(values) => values.values_slice().len(),
            _ => 0,
        }
    }

    /// What was appended; the column is then empty again.
    pub fn take(&mut self) -> ArrayRef {
        with_builder!(&mut self.values, builder => Arc::new(builder.finish()))
    }
}
