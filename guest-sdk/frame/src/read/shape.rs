//! Row counts and buffers of a record batch, walked as Arrow's decoder will walk them, before it does.
//! Afterwards every buffer is inside the body, long enough for its rows, and shared with no other, so that what is
//! decoded is bounded by the bytes that came.

use std::collections::HashMap;

use arrow_array::ArrayRef;
use arrow_buffer::Buffer;
use arrow_ipc::{Buffer as IpcBuffer, FieldNode, MetadataVersion, RecordBatch as IpcBatch};
use arrow_schema::{DataType, Field, UnionFields, UnionMode};
use flatbuffers::VectorIter;

use super::malformed;
use crate::limits::within;
use crate::{FrameError, ReadLimits};

/// Checks a record batch, or a dictionary's values, against the fields it is to have. Answers its rows.
pub(super) fn check<'f>(
    batch: IpcBatch<'_>,
    version: MetadataVersion,
    fields: impl Iterator<Item = &'f Field>,
    body: &Buffer,
    dictionaries: &HashMap<i64, ArrayRef>,
    limits: &ReadLimits,
) -> Result<u64, FrameError> {
    if let Some(compression) = batch.compression() {
        return Err(FrameError::Compressed { codec: compression.codec().variant_name().unwrap_or("unknown codec") });
    }
    let rows = u64::try_from(batch.length())
        .map_err(|_| malformed(format!("record batch announces {} rows", batch.length())))?;
    within("max_rows", rows, limits.max_rows)?;
    let mut walk = Walk {
        nodes: batch.nodes().ok_or_else(|| malformed("record batch has no field nodes"))?.iter(),
        buffers: batch.buffers().ok_or_else(|| malformed("record batch has no buffers"))?.iter(),
        variadic: batch.variadicBufferCounts().map(|counts| counts.iter()),
        body: body.len() as u64,
        start: body.as_ptr().addr() as u64,
        version,
        taken: 0,
        dictionaries,
        limits,
    };
    for field in fields {
        walk.field(field, Some(rows))?;
    }
    match (walk.nodes.len(), walk.buffers.len()) {
        (0, 0) => Ok(rows),
        (nodes, buffers) => {
            Err(malformed(format!("record batch has {nodes} field nodes and {buffers} buffers that no field needs")))
        }
    }
}

struct Walk<'a> {
    nodes: VectorIter<'a, FieldNode>,
    buffers: VectorIter<'a, IpcBuffer>,
    variadic: Option<VectorIter<'a, i64>>,
    body: u64,
    /// Where the body lies in memory.
    start: u64,
    version: MetadataVersion,
    /// Bytes of all buffers so far.
    taken: u64,
    dictionaries: &'a HashMap<i64, ArrayRef>,
    limits: &'a ReadLimits,
}

impl Walk<'_> {
    /// Recursion is bounded by the schema's depth. `rows` is what the parent says, where it says it.
    fn field(&mut self, field: &Field, rows: Option<u64>) -> Result<(), FrameError> {
        let (length, nulls) = self.node(field, rows)?;
        let bits = length.div_ceil(8);
        if let DataType::Union(members, mode) = field.data_type() {
            return self.union(field, members, *mode, length);
        }
        let validity = if nulls > 0 { bits } else { 0 };
        if !matches!(field.data_type(), DataType::Null) {
            self.buffer(field, validity)?;
        }
        match field.data_type() {
            // It has no buffers that could bound it.
            DataType::Null => within("max_rows", length, self.limits.max_rows),
            DataType::Boolean => self.buffer(field, bits).map(drop),
            DataType::Utf8 | DataType::Binary => self.offsets(field, length, 4).and_then(|()| self.values(field)),
            DataType::LargeUtf8 | DataType::LargeBinary => {
                self.offsets(field, length, 8).and_then(|()| self.values(field))
            }
            DataType::Utf8View | DataType::BinaryView => self.views(field, length),
            DataType::FixedSizeBinary(width) => {
                let least = length.checked_mul(u64::from(width.unsigned_abs()));
                self.buffer(field, least.ok_or_else(|| overflow(field))?).map(drop)
            }
            DataType::List(child) | DataType::Map(child, _) => {
                self.offsets(field, length, 4)?;
                self.field(child, None)
            }
            DataType::LargeList(child) => {
                self.offsets(field, length, 8)?;
                self.field(child, None)
            }
            DataType::FixedSizeList(child, size) => {
                let rows = length.checked_mul(u64::from(size.unsigned_abs()));
                self.field(child, Some(rows.ok_or_else(|| overflow(field))?))
            }
            DataType::Struct(children) => children.iter().try_for_each(|child| self.field(child, Some(length))),
            DataType::Dictionary(keys, _) => {
                #[expect(deprecated, reason = "arrow keeps the id on the field and offers no other way to it")]
                let id = field.dict_id().unwrap_or_default();
                // A writer may leave out the dictionary of a column that is all null.
                if nulls < length && !self.dictionaries.contains_key(&id) {
                    return Err(malformed(format!("field `{}` needs dictionary {id}, which never came", field.name())));
                }
                self.fixed(field, length, keys.primitive_width().unwrap_or(8) as u64)
            }
            other => match other.primitive_width() {
                Some(width) => self.fixed(field, length, width as u64),
                None => Err(malformed(format!("field `{}` has the type {other}, which is not read", field.name()))),
            },
        }
    }

    fn node(&mut self, field: &Field, rows: Option<u64>) -> Result<(u64, u64), FrameError> {
        let node = self.nodes.next().ok_or_else(|| malformed(format!("field `{}` has no field node", field.name())))?;
        let length = u64::try_from(node.length()).ok().filter(|length| rows.is_none_or(|rows| rows == *length));
        let nulls = u64::try_from(node.null_count()).ok();
        match (length, nulls) {
            (Some(length), Some(nulls)) if nulls <= length => Ok((length, nulls)),
            _ => Err(malformed(format!(
                "field `{}` announces {} rows and {} nulls{}",
                field.name(),
                node.length(),
                node.null_count(),
                rows.map_or_else(String::new, |rows| format!(" where {rows} rows should be")),
            ))),
        }
    }

    /// Takes the next buffer: inside the body, at least `least` bytes. Answers its length.
    fn buffer(&mut self, field: &Field, least: u64) -> Result<u64, FrameError> {
        let buffer =
            self.buffers.next().ok_or_else(|| malformed(format!("field `{}` has too few buffers", field.name())))?;
        let place = u64::try_from(buffer.offset()).ok().zip(u64::try_from(buffer.length()).ok());
        let inside = place.and_then(|(offset, length)| offset.checked_add(length)).is_some_and(|end| end <= self.body);
        let (Some((_, length)), true) = (place, inside) else {
            return Err(malformed(format!(
                "field `{}` has a buffer of {} bytes at {} in a body of {}",
                field.name(),
                buffer.length(),
                buffer.offset(),
                self.body
            )));
        };
        if length < least {
            return Err(malformed(format!(
                "field `{}` has a buffer of {length} bytes where its rows need {least}",
                field.name()
            )));
        }
        // Buffers that lie on one another would make little data look like much.
        self.taken = self.taken.saturating_add(length);
        if self.taken > self.body {
            return Err(malformed(format!("the buffers up to field `{}` overlap", field.name())));
        }
        Ok(length)
    }

    /// A buffer of numbers. Arrow reads some as a slice of them, and panics where bytes are left over.
    fn fixed(&mut self, field: &Field, length: u64, width: u64) -> Result<(), FrameError> {
        let least = length.checked_mul(width).ok_or_else(|| overflow(field))?;
        let length = self.buffer(field, least)?;
        if length.is_multiple_of(width.max(1)) {
            return Ok(());
        }
        Err(malformed(format!("field `{}` has a buffer of {length} bytes for values of {width}", field.name())))
    }

    /// One offset more than rows; a writer may leave out the only one of no rows.
    fn offsets(&mut self, field: &Field, length: u64, width: u64) -> Result<(), FrameError> {
        let count = if length == 0 { 0 } else { length.checked_add(1).ok_or_else(|| overflow(field))? };
        self.fixed(field, count, width)
    }

    /// The members' ids, and where members have rows of their own, the places in these. Since version 5 a union's own nulls
    /// are its members'.
    fn union(&mut self, field: &Field, members: &UnionFields, mode: UnionMode, rows: u64) -> Result<(), FrameError> {
        if self.version < MetadataVersion::V5 {
            self.buffer(field, 0)?;
        }
        self.buffer(field, rows)?;
        let inner = match mode {
            UnionMode::Sparse => Some(rows),
            UnionMode::Dense => {
                self.aligned(field, 4)?;
                self.buffer(field, rows.checked_mul(4).ok_or_else(|| overflow(field))?)?;
                None
            }
        };
        members.iter().try_for_each(|(_, member)| self.field(member, inner))
    }

    /// Other buffers are moved by Arrow where they lie askew; it panics about those of unions.
    fn aligned(&self, field: &Field, width: u64) -> Result<(), FrameError> {
        let offset = self.buffers.clone().next().and_then(|buffer| u64::try_from(buffer.offset()).ok()).unwrap_or(0);
        if self.start.wrapping_add(offset).is_multiple_of(width) {
            return Ok(());
        }
        Err(malformed(format!(
            "field `{}` has numbers of {width} bytes at {offset}, which is between two",
            field.name()
        )))
    }

    fn values(&mut self, field: &Field) -> Result<(), FrameError> {
        self.buffer(field, 0).map(drop)
    }

    fn views(&mut self, field: &Field, length: u64) -> Result<(), FrameError> {
        self.fixed(field, length, 16)?;
        let count = self.variadic.as_mut().and_then(Iterator::next);
        let count = count.and_then(|count| usize::try_from(count).ok()).filter(|count| *count <= self.buffers.len());
        let count =
            count.ok_or_else(|| malformed(format!("field `{}` has no fitting count of view buffers", field.name())))?;
        (0..count).try_for_each(|_| self.values(field))
    }
}

fn overflow(field: &Field) -> FrameError {
    malformed(format!("field `{}` announces more rows than bytes can be counted", field.name()))
}
