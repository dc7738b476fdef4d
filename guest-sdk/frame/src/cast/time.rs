//! Dates, timestamps and counts of time.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_schema::{DataType, Field, TimeUnit};

use crate::FrameError;

pub(super) const fn nanos(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

/// Counts since the epoch, of so many nanoseconds each, to instants. Never wraps and never guesses.
pub(super) fn cast(field: &Field, array: &ArrayRef, nanos: i64) -> Result<ArrayRef, FrameError> {
    let counts = count(array)?;
    let counts = counts.as_primitive::<Int64Type>();
    if let Some(row) =
        (0..counts.len()).find(|row| counts.is_valid(*row) && counts.value(*row).checked_mul(nanos).is_none())
    {
        return Err(FrameError::OutOfRange {
            field: field.name().clone(),
            row,
            problem: format!(
                "{} {} is outside the years 1677 to 2262, which is what nanoseconds reach",
                field.data_type(),
                counts.value(row)
            ),
        });
    }
    // Under a null anything may stand.
    let instants: PrimitiveArray<TimestampNanosecondType> = counts.unary(|count| count.wrapping_mul(nanos));
    Ok(Arc::new(instants))
}

/// The numbers as they are.
pub(super) fn count(array: &ArrayRef) -> Result<ArrayRef, FrameError> {
    let array = match array.data_type() {
        DataType::Date32 | DataType::Time32(_) => &arrow_cast::cast(array, &DataType::Int32)?,
        _ => array,
    };
    Ok(arrow_cast::cast(array, &DataType::Int64)?)
}
