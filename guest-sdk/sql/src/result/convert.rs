//! Columns to times and to numbers: what Grafana's `convertSQLTimeColumnToEpochMS` and `convertSQLValueColumnToFloat` do.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampNanosecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Float64Array, TimestampNanosecondArray};
use wellhead_sdk::Error;

use super::unfit;

/// A column as times. Numbers are seconds, milliseconds or nanoseconds since the epoch, by their size.
pub(super) fn to_times(name: &str, column: &ArrayRef) -> Result<ArrayRef, Error> {
    if column.as_primitive_opt::<TimestampNanosecondType>().is_some() {
        return Ok(column.clone());
    }
    let numbers = to_numbers(column).ok_or_else(|| {
        unfit(format_args!(
            "converting time columns failed: column `{name}` holds neither times nor numbers of seconds or milliseconds since 1970: convert it in the query, or give it another name"
        ))
    })?;
    let times: TimestampNanosecondArray = numbers.unary(|number| {
        // Casts from floats saturate, and NaN becomes 0.
        (epoch_millis(number) as i64).saturating_mul(1_000_000)
    });
    Ok(Arc::new(times))
}

/// Grafana tells the unit by the decimal exponent: ten digits are seconds, nineteen nanoseconds, all else milliseconds.
fn epoch_millis(number: f64) -> f64 {
    match number.abs() {
        seconds if (1e9..1e10).contains(&seconds) => number * 1e3,
        nanos if (1e18..1e19).contains(&nanos) => number / 1e6,
        _ => number,
    }
}

/// A column as float64: bools are 0 and 1, times milliseconds, texts are read.
pub(super) fn to_floats(name: &str, column: &ArrayRef) -> Result<ArrayRef, Error> {
    if column.as_primitive_opt::<Float64Type>().is_some() {
        return Ok(column.clone());
    }
    let numbers = to_numbers(column).ok_or_else(|| {
        let found = column.data_type();
        unfit(format_args!(
            "convert value to float failed: column `{name}` of type {found} is no number: convert it in the query, or choose the format table"
        ))
    })?;
    Ok(Arc::new(numbers))
}

fn to_numbers(column: &ArrayRef) -> Option<Float64Array> {
    fn cast<T: ArrowPrimitiveType>(column: &ArrayRef, number: impl Fn(T::Native) -> f64) -> Option<Float64Array> {
        column.as_primitive_opt::<T>().map(|column| column.unary(number))
    }
    if let Some(texts) = column.as_string_opt::<i32>() {
        let read = |text: Option<&str>| text.map(str::parse).transpose();
        return texts.iter().map(read).collect::<Result<Float64Array, _>>().ok();
    }
    if let Some(bools) = column.as_boolean_opt() {
        return Some(bools.iter().map(|value| value.map(|value| f64::from(u8::from(value)))).collect());
    }
    cast::<Float64Type>(column, |number| number)
        .or_else(|| cast::<Float32Type>(column, f64::from))
        .or_else(|| cast::<Int64Type>(column, |number| number as f64))
        .or_else(|| cast::<Int32Type>(column, f64::from))
        .or_else(|| cast::<Int16Type>(column, f64::from))
        .or_else(|| cast::<Int8Type>(column, f64::from))
        .or_else(|| cast::<UInt64Type>(column, |number| number as f64))
        .or_else(|| cast::<UInt32Type>(column, f64::from))
        .or_else(|| cast::<UInt16Type>(column, f64::from))
        .or_else(|| cast::<UInt8Type>(column, f64::from))
        .or_else(|| cast::<TimestampNanosecondType>(column, |nanos| nanos as f64 / 1e6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{BinaryArray, BooleanArray, Int32Array, Int64Array, StringArray};

    fn times(column: impl Array + 'static) -> Vec<Option<i64>> {
        let times = to_times("time", &(Arc::new(column) as ArrayRef)).unwrap();
        times.as_primitive::<TimestampNanosecondType>().iter().collect()
    }

    #[test]
    fn numbers_are_seconds_milliseconds_or_nanoseconds_by_their_size() {
        let expected =
            [Some(1_521_062_406_000_000_000), Some(1_521_062_406_527_000_000), Some(1_521_062_406_527_000_000)];
        let column = [1_521_062_406, 1_521_062_406_527, 1_521_062_406_527_345_000].map(Some);
        assert_eq!(times(Int64Array::from_iter(column)), expected);
        assert_eq!(times(Float64Array::from(vec![1_521_062_406.527])), [Some(1_521_062_406_527_000_000)]);
        assert_eq!(times(Int32Array::from(vec![Some(1_521_062_406), None])), [expected[0], None]);
        assert_eq!(times(StringArray::from(vec!["1521062406"])), [expected[0]]);
        assert_eq!(times(Float64Array::from(vec![f64::NAN, 5.0])), [Some(0), Some(5_000_000)]);
    }

    #[test]
    fn values_become_numbers() {
        let floats = |column: ArrayRef| {
            to_floats("v", &column).unwrap().as_primitive::<Float64Type>().iter().collect::<Vec<_>>()
        };
        assert_eq!(floats(Arc::new(Int32Array::from(vec![Some(-1), None]))), [Some(-1.0), None]);
        assert_eq!(floats(Arc::new(BooleanArray::from(vec![true, false]))), [Some(1.0), Some(0.0)]);
        assert_eq!(floats(Arc::new(TimestampNanosecondArray::from(vec![1_500_000]))), [Some(1.5)]);
    }

    #[test]
    fn what_is_no_number_is_an_error_that_names_the_column() {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["soon"]));
        let error = to_times("time", &text).unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(error.message().contains("column `time` holds neither times nor numbers"), "{error}");
        let json: ArrayRef = Arc::new(BinaryArray::from(vec![&b"{}"[..]]));
        assert!(to_floats("doc", &json).unwrap_err().message().contains("column `doc` of type Binary is no number"));
    }
}
