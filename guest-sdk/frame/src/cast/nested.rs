//! Lists, structs and maps as JSON documents: a small writer over Arrow arrays.
//! Depth was bounded where the schema was read; size is bounded here, as a dictionary in a list may repeat much.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::temporal_conversions::as_datetime;
use arrow_array::types::{
    ArrowTimestampType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BinaryArray, StructArray};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, TimeUnit};

use super::Budget;
use crate::FrameError;
use crate::json::{Float, write_string};
use crate::limits::within;

/// Whether values of this type have a form in JSON.
pub(super) fn writable(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(child) | DataType::LargeList(child) | DataType::FixedSizeList(child, _) => {
            writable(child.data_type())
        }
        DataType::Struct(children) => children.iter().all(|child| writable(child.data_type())),
        DataType::Map(entries, _) => writable(entries.data_type()),
        DataType::Dictionary(_, values) => writable(values),
        DataType::Union(..)
        | DataType::RunEndEncoded(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::Interval(_) => false,
        _ => true,
    }
}

/// A document a row.
pub(super) fn documents(array: &ArrayRef, budget: &mut Budget<'_>) -> Result<ArrayRef, FrameError> {
    budget.spend(array.len().saturating_mul(4))?;
    // Offsets are 32 bits wide.
    let most = budget.left().min(i32::MAX as usize);
    let mut documents = Documents { out: Vec::new(), most };
    let mut offsets = Vec::with_capacity(array.len() + 1);
    offsets.push(0_i32);
    for row in 0..array.len() {
        if array.is_valid(row) {
            documents.value(array, row)?;
        }
        // At most `most`, which fits.
        offsets.push(documents.out.len() as i32);
    }
    budget.spend(documents.out.len())?;
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let bytes = Buffer::from_vec(documents.out);
    Ok(Arc::new(BinaryArray::try_new(offsets, bytes, array.logical_nulls())?))
}

struct Documents {
    out: Vec<u8>,
    most: usize,
}

impl Documents {
    fn check(&self) -> Result<(), FrameError> {
        within("max_cast_bytes", self.out.len() as u64, self.most)
    }

    /// Appends one value. Recursion is bounded by the schema's depth.
    fn value(&mut self, array: &dyn Array, row: usize) -> Result<(), FrameError> {
        self.check()?;
        if row >= array.len() || array.is_null(row) {
            self.out.extend_from_slice(b"null");
            return Ok(());
        }
        macro_rules! number {
            ($arrow:ty) => {{
                let value = array.as_primitive::<$arrow>().value(row);
                self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
            }};
        }
        match array.data_type() {
            DataType::Null => self.out.extend_from_slice(b"null"),
            DataType::Boolean => {
                self.out.extend_from_slice(if array.as_boolean().value(row) { b"true" } else { b"false" });
            }
            DataType::Int8 => number!(Int8Type),
            DataType::Int16 => number!(Int16Type),
            DataType::Int32 => number!(Int32Type),
            DataType::Int64 => number!(Int64Type),
            DataType::UInt8 => number!(UInt8Type),
            DataType::UInt16 => number!(UInt16Type),
            DataType::UInt32 => number!(UInt32Type),
            DataType::UInt64 => number!(UInt64Type),
            DataType::Float16 => self.float(f32::from(array.as_primitive::<Float16Type>().value(row))),
            DataType::Float32 => self.float(array.as_primitive::<Float32Type>().value(row)),
            DataType::Float64 => self.float(array.as_primitive::<Float64Type>().value(row)),
            DataType::Utf8 => self.text(array.as_string::<i32>().value(row))?,
            DataType::LargeUtf8 => self.text(array.as_string::<i64>().value(row))?,
            DataType::Utf8View => self.text(array.as_string_view().value(row))?,
            DataType::Timestamp(unit, _) => match unit {
                TimeUnit::Second => self.instant::<TimestampSecondType>(array, row)?,
                TimeUnit::Millisecond => self.instant::<TimestampMillisecondType>(array, row)?,
                TimeUnit::Microsecond => self.instant::<TimestampMicrosecondType>(array, row)?,
                TimeUnit::Nanosecond => self.instant::<TimestampNanosecondType>(array, row)?,
            },
            // Digits and a point, which JSON has too.
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
                let digits = display(array, row)?;
                self.out.extend_from_slice(digits.as_bytes());
            }
            DataType::List(_) => self.list(array.as_list::<i32>().value(row).as_ref())?,
            DataType::LargeList(_) => self.list(array.as_list::<i64>().value(row).as_ref())?,
            DataType::FixedSizeList(..) => self.list(array.as_fixed_size_list().value(row).as_ref())?,
            DataType::Struct(_) => self.object(array.as_struct(), row)?,
            DataType::Map(..) => self.map(&array.as_map().value(row))?,
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                // A row that is not null has a key, and full validation has found it in range.
                let key = arrow_cast::cast(&dictionary.keys().slice(row, 1), &DataType::Int64)?;
                let key = key.as_primitive::<Int64Type>().value(0);
                self.value(dictionary.values(), usize::try_from(key).unwrap_or(usize::MAX))?;
            }
            // Dates, times, durations and bytes, as Arrow displays them.
            _ => self.text(&display(array, row)?)?,
        }
        Ok(())
    }

    fn float(&mut self, value: impl Float) {
        if value.finite() {
            value.write(&mut self.out);
        } else {
            self.out.extend_from_slice(b"null");
        }
    }

    fn text(&mut self, text: &str) -> Result<(), FrameError> {
        within("max_cast_bytes", self.out.len().saturating_add(text.len()) as u64, self.most)?;
        write_string(text, &mut self.out);
        Ok(())
    }

    /// As RFC 3339, in UTC; a count that is no date, as the number.
    fn instant<T: ArrowTimestampType>(&mut self, array: &dyn Array, row: usize) -> Result<(), FrameError> {
        let count = array.as_primitive::<T>().value(row);
        match as_datetime::<T>(count) {
            Some(instant) => self.text(&format!("{instant:?}Z")),
            None => {
                self.out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
                Ok(())
            }
        }
    }

    fn list(&mut self, values: &dyn Array) -> Result<(), FrameError> {
        self.out.push(b'[');
        for row in 0..values.len() {
            self.separate(row);
            self.value(values, row)?;
        }
        self.out.push(b']');
        self.check()
    }

    fn object(&mut self, members: &StructArray, row: usize) -> Result<(), FrameError> {
        self.out.push(b'{');
        for (index, (field, values)) in members.fields().iter().zip(members.columns()).enumerate() {
            self.separate(index);
            self.text(field.name())?;
            self.out.push(b':');
            self.value(values, row)?;
        }
        self.out.push(b'}');
        self.check()
    }

    fn map(&mut self, entries: &StructArray) -> Result<(), FrameError> {
        let (Some(keys), Some(values)) = (entries.columns().first(), entries.columns().get(1)) else {
            self.out.extend_from_slice(b"{}");
            return Ok(());
        };
        self.out.push(b'{');
        for row in 0..entries.len() {
            self.separate(row);
            // JSON's keys are strings.
            let key = if keys.is_null(row) { "null".to_owned() } else { display(keys, row)? };
            self.text(&key)?;
            self.out.push(b':');
            self.value(values, row)?;
        }
        self.out.push(b'}');
        self.check()
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push(b',');
        }
    }
}

fn display(array: &dyn Array, row: usize) -> Result<String, FrameError> {
    let options = FormatOptions::new().with_display_error(false);
    Ok(ArrayFormatter::try_new(array, &options)?.value(row).try_to_string()?)
}
