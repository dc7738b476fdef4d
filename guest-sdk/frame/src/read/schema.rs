//! The schema of a hostile message: counted and judged as a flatbuffer, then converted by Arrow, then judged as types.
//! It says which Arrow types are read at all; which of them are cast, and to what, is left to `cast`.

use std::sync::Arc;

use arrow_ipc::{Endianness, Field as IpcField, Schema as IpcSchema, Type};
use arrow_schema::{DataType, Field, SchemaRef};

use super::malformed;
use crate::limits::within;
use crate::{FrameError, ReadLimits};

/// Members of a union: its ids are bytes without their sign, and Arrow's conversion panics on more.
const MAX_MEMBERS: usize = 128;

/// Whether columns that are one of several types are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unions {
    Read,
    /// They have no meaning in a data frame.
    Refused,
}

/// Converts a schema once nothing in it can hurt.
pub(super) fn read(schema: IpcSchema<'_>, unions: Unions, limits: &ReadLimits) -> Result<SchemaRef, FrameError> {
    if schema.endianness() != Endianness::Little {
        return Err(malformed("the data is big-endian: write it little-endian"));
    }
    let mut count = Count { columns: 0, metadata: 0, unions, limits };
    for pair in schema.custom_metadata().into_iter().flatten() {
        count.metadata(&[pair.key(), pair.value()])?;
    }
    let fields = schema.fields().ok_or_else(|| malformed("the schema has no list of fields"))?;
    for field in fields {
        count.field(field, 1)?;
    }
    let schema = arrow_ipc::convert::try_fb_to_schema(schema)?;
    for field in schema.fields() {
        readable(field)?;
    }
    Ok(Arc::new(schema))
}

struct Count<'a> {
    columns: u64,
    metadata: u64,
    unions: Unions,
    limits: &'a ReadLimits,
}

impl Count<'_> {
    /// Recursion is bounded by the depth that the verifier let through.
    fn field(&mut self, field: IpcField<'_>, depth: u64) -> Result<(), FrameError> {
        self.columns += 1;
        within("max_columns", self.columns, self.limits.max_columns)?;
        within("max_depth", depth, self.limits.max_depth)?;
        self.metadata(&[field.name()])?;
        for pair in field.custom_metadata().into_iter().flatten() {
            self.metadata(&[pair.key(), pair.value()])?;
        }
        let refused = match field.type_type() {
            Type::Union if self.unions == Unions::Refused => "union",
            Type::RunEndEncoded => "run-end encoded",
            Type::ListView | Type::LargeListView => "list view",
            Type::Interval => "interval",
            other => {
                let children = field.children().unwrap_or_default();
                if other == Type::Union && !(1..=MAX_MEMBERS).contains(&children.len()) {
                    let members = children.len();
                    let name = field.name().unwrap_or_default();
                    return Err(malformed(format!(
                        "field `{name}`: a union of {members}, where {MAX_MEMBERS} is the most"
                    )));
                }
                return children.iter().try_for_each(|child| self.field(child, depth + 1));
            }
        };
        Err(FrameError::UnsupportedType {
            field: field.name().unwrap_or_default().to_owned(),
            arrow: refused.to_owned(),
            cure: "write a number, a string, a time or JSON",
        })
    }

    fn metadata(&mut self, texts: &[Option<&str>]) -> Result<(), FrameError> {
        self.metadata += texts.iter().flatten().map(|text| text.len() as u64).sum::<u64>();
        within("max_metadata_bytes", self.metadata, self.limits.max_metadata_bytes)
    }
}

/// Refuses types whose parameters Arrow takes on trust. Depth was checked before.
fn readable(field: &Field) -> Result<(), FrameError> {
    let refuse = |problem: String| Err(malformed(format!("field `{}`: {problem}", field.name())));
    match field.data_type() {
        DataType::FixedSizeBinary(width) if *width <= 0 => refuse(format!("binary of width {width}")),
        DataType::FixedSizeList(_, size) if *size <= 0 => refuse(format!("lists of size {size}")),
        DataType::Decimal32(precision, scale) => decimal(*precision, *scale, 9).or_else(refuse),
        DataType::Decimal64(precision, scale) => decimal(*precision, *scale, 18).or_else(refuse),
        DataType::Decimal128(precision, scale) => decimal(*precision, *scale, 38).or_else(refuse),
        DataType::Decimal256(precision, scale) => decimal(*precision, *scale, 76).or_else(refuse),
        DataType::List(child) | DataType::LargeList(child) | DataType::FixedSizeList(child, _) => readable(child),
        DataType::Struct(children) if children.is_empty() => refuse("a struct without members".to_owned()),
        DataType::Struct(children) => children.iter().try_for_each(|child| readable(child)),
        DataType::Union(members, _) => members.iter().try_for_each(|(_, member)| readable(member)),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(members) if members.len() == 2 => readable(entries),
            other => refuse(format!("a map whose entries are {other}, not key and value")),
        },
        DataType::Dictionary(_, values) if values.is_nested() || **values == DataType::Null => {
            refuse(format!("a dictionary of {values}"))
        }
        DataType::Dictionary(_, values) => readable(&Field::new(field.name(), (**values).clone(), true)),
        _ => Ok(()),
    }
}

fn decimal(precision: u8, scale: i8, most: u8) -> Result<(), String> {
    if (1..=most).contains(&precision) && scale.unsigned_abs() <= most {
        Ok(())
    } else {
        Err(format!("decimal of precision {precision} and scale {scale}, where {most} is the most"))
    }
}
