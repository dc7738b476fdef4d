//! Dictionary encoding undone. One value may stand in many rows: what that makes is counted before it is made.

use arrow_array::cast::AsArray;
use arrow_array::{AnyDictionaryArray, Array, ArrayRef};
use arrow_schema::DataType;

use super::Budget;
use crate::FrameError;

/// The values, each where its key stands. `values` are the dictionary's own, cast before.
pub(super) fn look_up(
    dictionary: &dyn AnyDictionaryArray,
    values: &ArrayRef,
    budget: &mut Budget<'_>,
) -> Result<ArrayRef, FrameError> {
    let rows = dictionary.len();
    if values.is_empty() {
        budget.spend(rows.saturating_mul(9))?;
        return Ok(arrow_array::new_null_array(values.data_type(), rows));
    }
    budget.spend(made(dictionary, values))?;
    Ok(arrow_cast::cast(&dictionary.with_values(values.clone()), values.data_type())?)
}

/// Bytes of the values looked up.
fn made(dictionary: &dyn AnyDictionaryArray, values: &ArrayRef) -> usize {
    let lengths: Vec<usize> = match values.data_type() {
        DataType::Utf8 => values.as_string::<i32>().offsets().lengths().collect(),
        DataType::Binary => values.as_binary::<i32>().offsets().lengths().collect(),
        other => return dictionary.len().saturating_mul(other.primitive_width().unwrap_or(1)),
    };
    let keys = dictionary.normalized_keys().into_iter();
    keys.fold(dictionary.len().saturating_mul(4), |sum, key| sum.saturating_add(lengths.get(key).copied().unwrap_or(0)))
}
