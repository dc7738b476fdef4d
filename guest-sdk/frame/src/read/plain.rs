//! Record batches of plain columns: truth values, numbers, times and texts, which is what nearly all frames are made of.
//! They are decoded as Arrow's decoder does it, but for one thing: that looks at each text's offsets one after the other,
//! which was most of what a frame of texts cost to read. Here they are looked through many at a time, and only where
//! something about them is not in order, Arrow is left to look for itself, and to say what it is.

use std::sync::Arc;

use arrow_array::{ArrayRef, OffsetSizeTrait, RecordBatch, RecordBatchOptions, make_array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow_data::{ArrayData, ArrayDataBuilder};
use arrow_ipc::{Buffer as IpcBuffer, RecordBatch as IpcBatch};
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};
use flatbuffers::VectorIter;

/// Whether [`decode`] may be asked for batches of this schema.
pub(super) fn is_plain(schema: &Schema) -> bool {
    schema.fields().iter().all(|field| match field.data_type() {
        DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 => true,
        other => other.is_primitive(),
    })
}

/// Decodes a record batch that has passed `shape` under this schema.
pub(super) fn decode(batch: IpcBatch<'_>, body: &Buffer, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let (Some(nodes), Some(buffers)) = (batch.nodes(), batch.buffers()) else {
        return Err(ArrowError::IpcError("a record batch without field nodes or buffers".into()));
    };
    let mut buffers = Buffers { buffers: buffers.iter(), body };
    let columns = schema.fields().iter().zip(nodes).map(|(field, node)| {
        let (rows, nulls) = (count(node.length())?, count(node.null_count())?);
        let validity = buffers.next()?;
        let nulls = (nulls > 0).then_some((validity, nulls));
        let column = match field.data_type() {
            DataType::Utf8 => text::<i32>(rows, nulls, buffers.next()?, buffers.next()?),
            DataType::LargeUtf8 => text::<i64>(rows, nulls, buffers.next()?, buffers.next()?),
            other => {
                let column = ArrayData::builder(other.clone()).len(rows).add_buffer(buffers.next()?);
                with_nulls(column, nulls)
            }
        };
        Ok(make_array(column.align_buffers(true).build()?))
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(count(batch.length())?));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

struct Buffers<'a> {
    buffers: VectorIter<'a, IpcBuffer>,
    body: &'a Buffer,
}

impl Buffers<'_> {
    fn next(&mut self) -> Result<Buffer, ArrowError> {
        let buffer = self.buffers.next().ok_or_else(|| ArrowError::IpcError("a buffer too few".into()))?;
        Ok(self.body.slice_with_length(count(buffer.offset())?, count(buffer.length())?))
    }
}

fn count(number: i64) -> Result<usize, ArrowError> {
    usize::try_from(number).map_err(|_| ArrowError::IpcError(format!("{number} where a count should be")))
}

/// The nulls' bits, and how many they are said to be, which is checked where the column is built.
type Nulls = Option<(Buffer, usize)>;

fn with_nulls(column: ArrayDataBuilder, nulls: Nulls) -> ArrayDataBuilder {
    match nulls {
        Some((bits, count)) => column.null_bit_buffer(Some(bits)).null_count(count),
        None => column,
    }
}

fn text<O: OffsetSizeTrait>(rows: usize, nulls: Nulls, offsets: Buffer, values: Buffer) -> ArrayDataBuilder {
    let kind = if O::IS_LARGE { DataType::LargeUtf8 } else { DataType::Utf8 };
    let counted = match &nulls {
        Some((bits, said)) => is_so_many(bits, rows, *said),
        None => true,
    };
    let in_order = counted && are_texts::<O>(rows, &offsets, &values);
    let column = with_nulls(ArrayData::builder(kind).len(rows).buffers(vec![offsets, values]), nulls);
    if !in_order {
        return column;
    }
    // SAFETY: all that Arrow asks of texts holds. There is one offset more than rows, where numbers of their width may lie;
    // none is negative, none below the one before, none behind the end of the values; the bytes between the first and the
    // last are UTF-8, and each offset stands between two characters. There are bits for all rows, as many of them unset as
    // are said to be.
    unsafe { column.skip_validation(true) }
}

/// Whether so many bits of `rows` are unset.
fn is_so_many(bits: &Buffer, rows: usize, said: usize) -> bool {
    bits.len() >= rows.div_ceil(8) && NullBuffer::new(BooleanBuffer::new(bits.clone(), 0, rows)).null_count() == said
}

/// Whether `offsets` cut `values` into so many texts. Offsets of no rows, and those that lie askew, are Arrow's to judge.
fn are_texts<O: OffsetSizeTrait>(rows: usize, offsets: &Buffer, values: &[u8]) -> bool {
    let bytes = rows.checked_add(1).and_then(|count| count.checked_mul(size_of::<O>()));
    let are_there = bytes.is_some_and(|bytes| bytes <= offsets.len());
    if rows == 0 || !are_there || !offsets.as_ptr().addr().is_multiple_of(align_of::<O>()) {
        return false;
    }
    let offsets = ScalarBuffer::<O>::new(offsets.clone(), 0, rows + 1);
    // Without an end where one is wrong, so that it is done many at a time.
    let ordered = offsets.iter().zip(offsets.iter().skip(1)).fold(true, |ordered, (one, next)| ordered & (one <= next));
    let (Some(first), Some(last)) = (offsets.first().and_then(index), offsets.last().and_then(index)) else {
        return false;
    };
    let Some(used) = values.get(first..last).filter(|_| ordered) else { return false };
    if used.is_ascii() {
        return true;
    }
    let Ok(used) = simdutf8::basic::from_utf8(used) else { return false };
    offsets.iter().filter_map(index).all(|offset| used.is_char_boundary(offset.saturating_sub(first)))
}

/// None where it is negative.
fn index<O: OffsetSizeTrait>(offset: &O) -> Option<usize> {
    offset.to_usize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What comes of the same buffers here, and what Arrow itself says of them.
    fn both<O: OffsetSizeTrait>(
        rows: usize,
        nulls: Nulls,
        offsets: &[i64],
        values: &[u8],
    ) -> [Result<ArrayData, ArrowError>; 2] {
        let offsets: Vec<O> = offsets.iter().map(|offset| O::usize_as(*offset as usize)).collect();
        let (offsets, values) = (Buffer::from_vec(offsets), Buffer::from(values));
        let ours = text::<O>(rows, nulls.clone(), offsets.clone(), values.clone());
        let kind = if O::IS_LARGE { DataType::LargeUtf8 } else { DataType::Utf8 };
        let arrows = with_nulls(ArrayData::builder(kind).len(rows).add_buffer(offsets).add_buffer(values), nulls);
        [ours, arrows].map(|column| column.align_buffers(true).build())
    }

    fn cut() -> impl Strategy<Value = (Vec<i64>, Vec<u8>)> {
        let texts = proptest::collection::vec("[a-c]{0,4}|[aä€😀]{0,3}", 1..6);
        let texts = texts.prop_map(|texts| {
            let ends = texts.iter().scan(0, |end, text| {
                *end += text.len() as i64;
                Some(*end)
            });
            (std::iter::once(0).chain(ends).collect::<Vec<_>>(), texts.concat().into_bytes())
        });
        // Most of them with something that is not as it should be.
        let wrong = (any::<prop::sample::Index>(), -2_i64..20, any::<prop::sample::Index>(), any::<u8>(), 0..4);
        (texts, wrong).prop_map(|((mut offsets, mut values), (offset, put, place, byte, which))| {
            if which & 1 == 1 {
                *offset.get_mut(&mut offsets) = put;
            }
            if which & 2 == 2 && !values.is_empty() {
                *place.get_mut(&mut values) = byte;
            }
            (offsets, values)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn texts_are_taken_and_refused_as_arrow_takes_and_refuses_them(
            (offsets, values) in cut(),
            fewer in 0_usize..3,
            nulls in proptest::option::of((any::<u8>(), 0_usize..6)),
        ) {
            let rows = offsets.len().saturating_sub(fewer);
            let nulls = nulls.map(|(bits, said)| (Buffer::from(&[bits][..]), said));
            let [small, large] = [both::<i32>, both::<i64>].map(|both| both(rows, nulls.clone(), &offsets, &values));
            for [ours, arrows] in [small, large] {
                match (ours, arrows) {
                    (Ok(ours), Ok(arrows)) => prop_assert_eq!(ours, arrows),
                    (Err(ours), Err(arrows)) => prop_assert_eq!(ours.to_string(), arrows.to_string()),
                    (ours, arrows) => prop_assert!(false, "here {:?}, Arrow {:?}", ours, arrows),
                }
            }
        }
    }

    #[test]
    fn sound_texts_are_not_looked_through_twice_and_offsets_that_lie_askew_are_arrows_to_judge() {
        let offsets = Buffer::from_slice_ref([0_i32, 2, 2, 3]);
        assert!(are_texts::<i32>(3, &offsets, "äb".as_bytes()));
        assert!(are_texts::<i32>(2, &offsets.slice(4), b"abc"), "from another offset than 0");
        assert!(!are_texts::<i32>(1, &offsets.slice(2), b"abc"));
        assert!(!are_texts::<i32>(0, &offsets, b"abc") && !are_texts::<i32>(4, &offsets, b"abc"));
    }
}
