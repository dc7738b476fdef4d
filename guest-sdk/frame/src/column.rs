//! A column on its way into a frame: an Arrow array with the field type it stands for.
//! Vectors of plain numbers are taken over without a copy.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampNanosecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, PrimitiveArray, StringArray};

use crate::{EnumValue, FieldType, RawJson, Timestamp};

/// The values of one field, made `From` vectors or an Arrow array, or collected from an iterator.
///
/// `Vec<T>` makes a field that is not nullable, `Vec<Option<T>>` one that is.
#[derive(Debug, Clone)]
pub struct Column {
    pub(crate) array: ArrayRef,
    /// `None` where Grafana has no such type, which the builder reports with the field's name.
    pub(crate) field_type: Option<FieldType>,
    pub(crate) nullable: bool,
}

impl Column {
    fn new(array: impl Array + 'static, field_type: FieldType, nullable: bool) -> Self {
        Self { array: Arc::new(array), field_type: Some(field_type), nullable }
    }

    /// Makes the field nullable, whether or not there is a null.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.array.len()
    }

    /// True without values.
    pub fn is_empty(&self) -> bool {
        self.array.is_empty()
    }
}

/// Nullable where the array has nulls; see [`Column::nullable`]. A uint16 is a number, not an enum.
impl From<ArrayRef> for Column {
    fn from(array: ArrayRef) -> Self {
        let (field_type, nullable) = (FieldType::from_arrow(array.data_type(), None), array.null_count() > 0);
        Self { array, field_type, nullable }
    }
}

fn primitive<T: ArrowPrimitiveType>(values: Vec<T::Native>) -> PrimitiveArray<T> {
    PrimitiveArray::new(values.into(), None)
}

macro_rules! column_from_numbers {
    ($($native:ty, $arrow:ty, $field_type:ident;)*) => {$(
        impl From<Vec<$native>> for Column {
            fn from(values: Vec<$native>) -> Self {
                Self::new(primitive::<$arrow>(values), FieldType::$field_type, false)
            }
        }

        impl From<Vec<Option<$native>>> for Column {
            fn from(values: Vec<Option<$native>>) -> Self {
                Self::new(PrimitiveArray::<$arrow>::from(values), FieldType::$field_type, true)
            }
        }
    )*};
}

column_from_numbers!(
    i8, Int8Type, Int8;
    i16, Int16Type, Int16;
    i32, Int32Type, Int32;
    i64, Int64Type, Int64;
    u8, UInt8Type, Uint8;
    u16, UInt16Type, Uint16;
    u32, UInt32Type, Uint32;
    u64, UInt64Type, Uint64;
    f32, Float32Type, Float32;
    f64, Float64Type, Float64;
);

macro_rules! column_from_newtypes {
    ($($newtype:ty, $arrow:ty, $field_type:ident;)*) => {$(
        impl From<Vec<$newtype>> for Column {
            fn from(values: Vec<$newtype>) -> Self {
                let values = values.into_iter().map(|value| value.0).collect();
                Self::new(primitive::<$arrow>(values), FieldType::$field_type, false)
            }
        }

        impl From<Vec<Option<$newtype>>> for Column {
            fn from(values: Vec<Option<$newtype>>) -> Self {
                let values: PrimitiveArray<$arrow> = values.into_iter().map(|value| value.map(|value| value.0)).collect();
                Self::new(values, FieldType::$field_type, true)
            }
        }
    )*};
}

column_from_newtypes!(
    Timestamp, TimestampNanosecondType, Time;
    EnumValue, UInt16Type, Enum;
);

impl From<Vec<bool>> for Column {
    fn from(values: Vec<bool>) -> Self {
        Self::new(BooleanArray::from(values), FieldType::Bool, false)
    }
}

impl From<Vec<Option<bool>>> for Column {
    fn from(values: Vec<Option<bool>>) -> Self {
        Self::new(BooleanArray::from(values), FieldType::Bool, true)
    }
}

macro_rules! column_from_texts {
    ($($text:ty),*) => {$(
        impl From<Vec<$text>> for Column {
            fn from(values: Vec<$text>) -> Self {
                Self::new(StringArray::from_iter_values(values), FieldType::String, false)
            }
        }

        impl From<Vec<Option<$text>>> for Column {
            fn from(values: Vec<Option<$text>>) -> Self {
                Self::new(values.into_iter().collect::<StringArray>(), FieldType::String, true)
            }
        }
    )*};
}

column_from_texts!(String, &str, std::borrow::Cow<'_, str>, Arc<str>);

impl From<Vec<RawJson>> for Column {
    fn from(values: Vec<RawJson>) -> Self {
        Self::new(BinaryArray::from_iter_values(values.into_iter().map(|json| json.0)), FieldType::Json, false)
    }
}

impl From<Vec<Option<RawJson>>> for Column {
    fn from(values: Vec<Option<RawJson>>) -> Self {
        let values: BinaryArray = values.into_iter().map(|json| json.map(|json| json.0)).collect();
        Self::new(values, FieldType::Json, true)
    }
}

impl<T> FromIterator<T> for Column
where
    Self: From<Vec<T>>,
{
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        values.into_iter().collect::<Vec<T>>().into()
    }
}
