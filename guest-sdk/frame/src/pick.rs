//! Rows put together anew, from one array or several: for Grafana's field types alone.
//!
//! Written here and not taken from arrow-select, whose kernels for every type of Arrow would make a guest of 2 MB one of
//! 4 MB.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampNanosecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray};
use arrow_schema::{DataType, TimeUnit};

use crate::FrameError;

/// A row of one of several arrays: which array, which row of it. `None` becomes null, as does what is not there.
pub(crate) type Place = Option<(usize, usize)>;

/// The values at these places, all of one type; `name` is the field's, for the error.
///
/// # Errors
/// A type that Grafana does not have.
pub(crate) fn pick(
    name: &str,
    data_type: &DataType,
    arrays: &[&ArrayRef],
    places: impl Iterator<Item = Place>,
) -> Result<ArrayRef, FrameError> {
    Ok(match data_type {
        DataType::Int8 => primitive::<Int8Type>(arrays, places),
        DataType::Int16 => primitive::<Int16Type>(arrays, places),
        DataType::Int32 => primitive::<Int32Type>(arrays, places),
        DataType::Int64 => primitive::<Int64Type>(arrays, places),
        DataType::UInt8 => primitive::<UInt8Type>(arrays, places),
        DataType::UInt16 => primitive::<UInt16Type>(arrays, places),
        DataType::UInt32 => primitive::<UInt32Type>(arrays, places),
        DataType::UInt64 => primitive::<UInt64Type>(arrays, places),
        DataType::Float32 => primitive::<Float32Type>(arrays, places),
        DataType::Float64 => primitive::<Float64Type>(arrays, places),
        DataType::Timestamp(TimeUnit::Nanosecond, None) => primitive::<TimestampNanosecondType>(arrays, places),
        DataType::Boolean => {
            let arrays: Vec<_> = arrays.iter().map(|array| array.as_boolean_opt()).collect();
            let values = places.map(|place| valid(&arrays, place).map(|(array, row)| array.value(row)));
            Arc::new(values.collect::<BooleanArray>())
        }
        DataType::Utf8 => {
            let arrays: Vec<_> = arrays.iter().map(|array| array.as_string_opt::<i32>()).collect();
            let mut values = StringBuilder::new();
            places.for_each(|place| values.append_option(valid(&arrays, place).map(|(array, row)| array.value(row))));
            Arc::new(values.finish())
        }
        DataType::Binary => {
            let arrays: Vec<_> = arrays.iter().map(|array| array.as_binary_opt::<i32>()).collect();
            let mut values = BinaryBuilder::new();
            places.for_each(|place| values.append_option(valid(&arrays, place).map(|(array, row)| array.value(row))));
            Arc::new(values.finish())
        }
        other => {
            return Err(FrameError::UnsupportedType {
                field: name.to_owned(),
                arrow: other.to_string(),
                cure: "cast it to one of Grafana's field types",
            });
        }
    })
}

fn primitive<T: ArrowPrimitiveType>(arrays: &[&ArrayRef], places: impl Iterator<Item = Place>) -> ArrayRef {
    let arrays: Vec<_> = arrays.iter().map(|array| array.as_primitive_opt::<T>()).collect();
    let values = places.map(|place| valid(&arrays, place).map(|(array, row)| array.value(row)));
    Arc::new(values.collect::<PrimitiveArray<T>>())
}

/// The array and the row of a value that is there.
fn valid<'a, A: Array>(arrays: &[Option<&'a A>], place: Place) -> Option<(&'a A, usize)> {
    let (array, row) = place?;
    let array = arrays.get(array).copied().flatten()?;
    (row < array.len() && array.is_valid(row)).then_some((array, row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldType;
    use arrow_array::{Int16Array, StringArray};

    #[test]
    fn rows_come_from_several_arrays_and_what_is_not_there_is_null() {
        let arrays: [ArrayRef; 2] =
            [Arc::new(StringArray::from(vec![Some("a"), None])), Arc::new(StringArray::from(vec!["b"]))];
        let places = [Some((1, 0)), None, Some((0, 0)), Some((0, 1)), Some((0, 2)), Some((2, 0))];
        let [first, second] = &arrays;
        let picked = pick("f", &DataType::Utf8, &[first, second], places.into_iter()).unwrap();
        let texts: Vec<_> = picked.as_string::<i32>().iter().collect();
        assert_eq!(texts, [Some("b"), None, Some("a"), None, None, None]);
    }

    #[test]
    fn every_type_of_grafana_is_picked_and_no_other() {
        for field_type in FieldType::ALL {
            let nothing = arrow_array::new_null_array(&field_type.arrow(), 2);
            let picked = pick("f", &field_type.arrow(), &[&nothing], [Some((0, 1)), None].into_iter()).unwrap();
            assert_eq!((picked.data_type(), picked.len()), (&field_type.arrow(), 2), "{field_type}");
        }
        let other: ArrayRef = Arc::new(Int16Array::from(vec![1]));
        let error = pick("f", &DataType::LargeUtf8, &[&other], std::iter::empty()).unwrap_err();
        assert!(error.to_string().contains("\"f\"") || error.to_string().contains('f'), "{error}");
    }
}
