//! Texts and bytes in other layouts.

use std::fmt::Write;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, FixedSizeBinaryArray};
use arrow_schema::DataType;

/// Bytes that an array's values are, each as often as it stands there: views may name one value many times.
pub(super) fn bytes(array: &ArrayRef) -> usize {
    let wide = |offsets: &[i64]| {
        let span = offsets.first().zip(offsets.last()).map_or(0, |(first, last)| last.saturating_sub(*first));
        usize::try_from(span).unwrap_or(usize::MAX)
    };
    match array.data_type() {
        DataType::Utf8View => views(array.as_string_view().views()),
        DataType::BinaryView => views(array.as_binary_view().views()),
        DataType::LargeUtf8 => wide(array.as_string::<i64>().value_offsets()),
        DataType::LargeBinary => wide(array.as_binary::<i64>().value_offsets()),
        // No other type is cast by this.
        _ => usize::MAX,
    }
}

/// A view's low 32 bits are its length.
fn views(views: &[u128]) -> usize {
    views.iter().fold(0, |sum, view| sum.saturating_add(*view as u32 as usize))
}

pub(super) fn hex(array: &FixedSizeBinaryArray) -> ArrayRef {
    let mut builder = StringBuilder::new();
    for value in array {
        match value {
            Some(bytes) => {
                for byte in bytes {
                    // Writing into memory does not fail.
                    let _ = write!(builder, "{byte:02x}");
                }
                builder.append_value("");
            }
            None => builder.append_null(),
        }
    }
    Arc::new(builder.finish())
}
