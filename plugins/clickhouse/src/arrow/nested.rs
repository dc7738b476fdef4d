//! Arrays, maps, tuples and variants as JSON, as Go's encoder writes what Grafana's plugin hands it: names of tuples are
//! keys, tuples without names are arrays, what JSON has no number for is null.

use super::convert::convert;
use super::room::{Document, Room, Unread};
use crate::kind::Kind;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampNanosecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, UnionArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::DataType;
use std::io::Write as _;
use wellhead_sdk::frame::{FieldType, Timestamp};
use wellhead_sql::rfc3339_nano;

/// Values of a type that holds others, ready to be written row by row.
pub(super) enum Values {
    /// Of one of Grafana's types.
    Single(ArrayRef, FieldType),
    Array(Option<NullBuffer>, OffsetBuffer<i32>, Box<Values>),
    Map(Option<NullBuffer>, OffsetBuffer<i32>, Box<Values>, Box<Values>),
    /// Names are empty where the tuple has none.
    Tuple(Option<NullBuffer>, Vec<(String, Values)>),
    Variant(UnionArray, Vec<(i8, Values)>),
}

impl Values {
    /// # Errors
    /// A type of Arrow that the kind does not come in; more than there is room for.
    pub(super) fn new(kind: &Kind, column: &ArrayRef, room: &mut Room) -> Result<Self, Unread> {
        let mismatch = || Unread::Type(format!("{kind:?} in {}", column.data_type()));
        match kind {
            Kind::Array(item) => {
                let list = column.as_list_opt::<i32>().ok_or_else(mismatch)?;
                let items = Self::new(item, list.values(), room)?;
                Ok(Self::Array(list.nulls().cloned(), list.offsets().clone(), Box::new(items)))
            }
            Kind::Map(key, value) => {
                let map = column.as_map_opt().ok_or_else(mismatch)?;
                let (keys, values) = (Self::new(key, map.keys(), room)?, Self::new(value, map.values(), room)?);
                Ok(Self::Map(map.nulls().cloned(), map.offsets().clone(), Box::new(keys), Box::new(values)))
            }
            Kind::Tuple(elements) => {
                let tuple = column.as_struct_opt().filter(|tuple| tuple.num_columns() == elements.len());
                let tuple = tuple.ok_or_else(mismatch)?;
                let elements = elements.iter().zip(tuple.columns());
                let elements =
                    elements.map(|((name, kind), column)| Ok((name.clone(), Self::new(kind, column, room)?)));
                Ok(Self::Tuple(tuple.nulls().cloned(), elements.collect::<Result<_, Unread>>()?))
            }
            Kind::Json => match column.data_type() {
                DataType::Union(fields, _) => {
                    let union = column.as_union_opt().ok_or_else(mismatch)?;
                    // A variant's fields are named by their types.
                    let children = fields.iter().map(|(id, field)| {
                        let (named, guessed) = (Kind::parse(field.name()).0, Kind::of_arrow(field));
                        let child = union.child(id);
                        let values = match Self::new(&named, child, room) {
                            Err(Unread::Type(_)) => Self::new(&guessed, child, room)?,
                            values => values?,
                        };
                        Ok((id, values))
                    });
                    Ok(Self::Variant(union.clone(), children.collect::<Result<_, Unread>>()?))
                }
                _ => Ok(Self::Single(convert(kind, column, room)?, FieldType::Json)),
            },
            single => Ok(Self::Single(convert(single, column, room)?, single.field_type())),
        }
    }

    /// True where the whole value is null.
    pub(super) fn is_null(&self, row: usize) -> bool {
        let null = |nulls: &Option<NullBuffer>| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        match self {
            Self::Single(column, _) => column.is_null(row),
            Self::Array(nulls, ..) | Self::Map(nulls, ..) | Self::Tuple(nulls, _) => null(nulls),
            Self::Variant(union, children) => {
                variant(union, children, row).is_none_or(|(values, at)| values.is_null(at))
            }
        }
    }

    /// Writes the value of a row behind what is there, as far as there is room.
    pub(super) fn write(&self, row: usize, out: &mut Document) {
        if out.is_full() {
            return;
        }
        if self.is_null(row) {
            out.push(b"null");
            return;
        }
        match self {
            Self::Single(column, field_type) => single(column, *field_type, row, out),
            Self::Array(_, offsets, items) => {
                out.push(b"[");
                for (place, at) in range(offsets, row).enumerate() {
                    if out.is_full() {
                        break;
                    }
                    comma(place, out);
                    items.write(at, out);
                }
                out.push(b"]");
            }
            Self::Map(_, offsets, keys, values) => {
                out.push(b"{");
                for (place, at) in range(offsets, row).enumerate() {
                    if out.is_full() {
                        break;
                    }
                    comma(place, out);
                    keys.write_key(at, out);
                    out.push(b":");
                    values.write(at, out);
                }
                out.push(b"}");
            }
            Self::Tuple(_, elements) => {
                let named = elements.iter().any(|(name, _)| !name.is_empty());
                out.push(if named { b"{" } else { b"[" });
                for (place, (name, values)) in elements.iter().enumerate() {
                    comma(place, out);
                    if named {
                        text(name, out);
                        out.push(b":");
                    }
                    values.write(row, out);
                }
                out.push(if named { b"}" } else { b"]" });
            }
            Self::Variant(union, children) => {
                if let Some((values, at)) = variant(union, children, row) {
                    values.write(at, out);
                }
            }
        }
    }

    /// As a key: a text, whatever the map's keys are.
    fn write_key(&self, row: usize, out: &mut Document) {
        let start = out.len();
        self.write(row, out);
        if out.since(start).first() != Some(&b'"') {
            let key = out.split_off(start);
            text(&String::from_utf8_lossy(&key), out);
        }
    }
}

fn range(offsets: &OffsetBuffer<i32>, row: usize) -> std::ops::Range<usize> {
    let at = |place: usize| offsets.get(place).and_then(|at| usize::try_from(*at).ok()).unwrap_or(0);
    at(row)..at(row + 1)
}

fn variant<'a>(union: &UnionArray, children: &'a [(i8, Values)], row: usize) -> Option<(&'a Values, usize)> {
    let id = union.type_id(row);
    let (_, values) = children.iter().find(|(known, _)| *known == id)?;
    Some((values, union.value_offset(row)))
}

fn comma(place: usize, out: &mut Document) {
    if place > 0 {
        out.push(b",");
    }
}

fn single(column: &ArrayRef, field_type: FieldType, row: usize, out: &mut Document) {
    fn value<T: ArrowPrimitiveType>(column: &ArrayRef, row: usize) -> Option<T::Native> {
        column.as_primitive_opt::<T>().map(|column| column.value(row))
    }
    macro_rules! number {
        ($type:ty) => {
            if let Some(number) = value::<$type>(column, row) {
                let _ = write!(out, "{number}");
            }
        };
    }
    match field_type {
        FieldType::Int8 => number!(Int8Type),
        FieldType::Int16 => number!(Int16Type),
        FieldType::Int32 => number!(Int32Type),
        FieldType::Int64 => number!(Int64Type),
        FieldType::Uint8 => number!(UInt8Type),
        FieldType::Uint16 => number!(UInt16Type),
        FieldType::Uint32 => number!(UInt32Type),
        FieldType::Uint64 => number!(UInt64Type),
        FieldType::Float32 => float(value::<Float32Type>(column, row).unwrap_or(f32::NAN), out),
        FieldType::Float64 => float(value::<Float64Type>(column, row).unwrap_or(f64::NAN), out),
        FieldType::Bool => {
            let value = column.as_boolean_opt().is_some_and(|column| column.value(row));
            out.push(if value { b"true" } else { b"false" });
        }
        FieldType::Time => {
            let nanos = value::<TimestampNanosecondType>(column, row).unwrap_or_default();
            text(&rfc3339_nano(Timestamp::from_nanos(nanos)), out);
        }
        FieldType::Json => out.push(column.as_binary_opt::<i32>().map_or(b"null", |column| column.value(row))),
        _ => text(column.as_string_opt::<i32>().map_or("", |column| column.value(row)), out),
    }
}

/// The shortest digits, with an exponent where Go has one.
fn float<F: Into<f64> + Copy + std::fmt::Display + std::fmt::LowerExp>(number: F, out: &mut Document) {
    let size = number.into().abs();
    let _ = match size {
        _ if !size.is_finite() => write!(out, "null"),
        _ if size != 0.0 && !(1e-6..1e21).contains(&size) => write!(out, "{number:e}"),
        _ => write!(out, "{number}"),
    };
}

fn text(text: &str, out: &mut Document) {
    // Text fails only where the room ends, which the document knows.
    let _ = serde_json::to_writer(out, text);
}
