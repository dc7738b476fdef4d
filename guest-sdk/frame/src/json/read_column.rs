//! One field's values from JSON to an Arrow array.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampNanosecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{ArrayRef, BinaryArray, BooleanArray, PrimitiveArray, StringArray};
use serde::de::{DeserializeSeed, Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::read::{EntitiesIn, json_error};
use crate::limits::within;
use crate::{FieldType, FrameError};

const NANOS_IN_MILLI: i128 = 1_000_000;

/// Where a column comes from.
pub(super) struct ColumnSource<'a> {
    pub(super) field: &'a str,
    pub(super) field_type: FieldType,
    pub(super) nullable: bool,
    /// JSON array.
    pub(super) values: &'a str,
    pub(super) entities: Option<&'a EntitiesIn>,
    /// JSON array of remainders, or null.
    pub(super) nanos: Option<&'a str>,
    pub(super) max_rows: usize,
}

/// Reads a column.
pub(super) fn column(source: &ColumnSource<'_>) -> Result<ArrayRef, FrameError> {
    match source.field_type {
        FieldType::Int8 => integers::<Int8Type>(source),
        FieldType::Int16 => integers::<Int16Type>(source),
        FieldType::Int32 => integers::<Int32Type>(source),
        FieldType::Int64 => integers::<Int64Type>(source),
        FieldType::Uint8 => integers::<UInt8Type>(source),
        FieldType::Uint16 | FieldType::Enum => integers::<UInt16Type>(source),
        FieldType::Uint32 => integers::<UInt32Type>(source),
        FieldType::Uint64 => integers::<UInt64Type>(source),
        // The narrowing is what an f32 field asks for.
        FieldType::Float32 => floats::<Float32Type>(source, |value| value as f32),
        FieldType::Float64 => floats::<Float64Type>(source, |value| value),
        FieldType::Time => times(source),
        FieldType::Bool => {
            let values = source.rows::<bool>()?;
            source.no_nulls(&values)?;
            Ok(Arc::new(BooleanArray::from(values)))
        }
        FieldType::String => {
            let values = source.rows::<std::borrow::Cow<'_, str>>()?;
            source.no_nulls(&values)?;
            Ok(Arc::new(values.into_iter().collect::<StringArray>()))
        }
        FieldType::Json => {
            let values = source.rows::<&RawValue>()?;
            let missing = (!source.nullable).then_some(&b"null"[..]);
            let documents = values.iter().map(|value| value.map(|value| value.get().as_bytes()).or(missing));
            Ok(Arc::new(documents.collect::<BinaryArray>()))
        }
    }
}

impl<'a> ColumnSource<'a> {
    /// The values, null where JSON has null.
    fn rows<T: Deserialize<'a>>(&self) -> Result<Vec<Option<T>>, FrameError> {
        rows(self.values, self.max_rows)
    }

    fn no_nulls<T>(&self, values: &[Option<T>]) -> Result<(), FrameError> {
        let nulls = if self.nullable { 0 } else { values.iter().filter(|value| value.is_none()).count() };
        if nulls == 0 { Ok(()) } else { Err(FrameError::Nulls { field: self.field.to_owned(), nulls }) }
    }

    fn primitive<T: ArrowPrimitiveType>(&self, values: Vec<Option<T::Native>>) -> Result<ArrayRef, FrameError> {
        self.no_nulls(&values)?;
        Ok(Arc::new(values.into_iter().collect::<PrimitiveArray<T>>()))
    }

    fn wrong(&self, found: &Number) -> FrameError {
        let found = match found {
            Number::Whole(value) => value.to_string(),
            Number::Float(value) => value.to_string(),
        };
        FrameError::Value { field: self.field.to_owned(), expected: self.field_type, found }
    }
}

fn integers<T: ArrowPrimitiveType<Native: TryFrom<i128>>>(source: &ColumnSource<'_>) -> Result<ArrayRef, FrameError> {
    let convert = |number: Option<Number>| match number {
        Some(number) => {
            let native = number.whole().and_then(|whole| T::Native::try_from(whole).ok());
            native.map(Some).ok_or_else(|| source.wrong(&number))
        }
        None => Ok(None),
    };
    source.primitive::<T>(source.rows()?.into_iter().map(convert).collect::<Result<_, _>>()?)
}

fn floats<T: ArrowPrimitiveType>(
    source: &ColumnSource<'_>,
    convert: impl Fn(f64) -> T::Native,
) -> Result<ArrayRef, FrameError> {
    let rows = source.rows::<Number>()?;
    let mut values: Vec<_> = rows.into_iter().map(|number| number.map(|number| convert(number.float()))).collect();
    if let Some(entities) = source.entities {
        let special =
            [(&entities.nan, f64::NAN), (&entities.inf, f64::INFINITY), (&entities.neg_inf, f64::NEG_INFINITY)];
        for (rows, value) in special {
            for row in rows {
                let slot = values.get_mut(*row).ok_or_else(|| FrameError::OutOfRange {
                    field: source.field.to_owned(),
                    row: *row,
                    problem: "`entities` names a row that is not there".to_owned(),
                })?;
                *slot = Some(convert(value));
            }
        }
    }
    source.primitive::<T>(values)
}

fn times(source: &ColumnSource<'_>) -> Result<ArrayRef, FrameError> {
    let nanos = match source.nanos.map(str::trim) {
        Some("null") | None => Vec::new(),
        Some(nanos) => rows::<i64>(nanos, source.max_rows)?,
    };
    let convert = |(row, number): (usize, Option<Number>)| {
        let Some(number) = number else { return Ok(None) };
        let rest = nanos.get(row).copied().flatten().unwrap_or_default();
        let instant = match &number {
            Number::Whole(millis) => millis.checked_mul(NANOS_IN_MILLI),
            // Saturates, which the range below refuses.
            Number::Float(millis) => Some((millis * 1e6).round() as i128),
        };
        let instant = instant.and_then(|instant| instant.checked_add(i128::from(rest)));
        instant.and_then(|instant| i64::try_from(instant).ok()).map(Some).ok_or_else(|| FrameError::OutOfRange {
            field: source.field.to_owned(),
            row,
            problem: format!("time {} ms is outside the years 1677 to 2262", number.float()),
        })
    };
    let values = source.rows()?.into_iter().enumerate().map(convert).collect::<Result<_, _>>()?;
    source.primitive::<TimestampNanosecondType>(values)
}

/// Reads a JSON array of at most so many values.
fn rows<'a, T: Deserialize<'a>>(json: &'a str, max_rows: usize) -> Result<Vec<Option<T>>, FrameError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let seed = Rows { keep: max_rows.saturating_add(1), value: PhantomData };
    let rows = seed.deserialize(&mut deserializer).and_then(|rows| deserializer.end().map(|()| rows));
    let rows = rows.map_err(json_error)?;
    within("max_rows", rows.len() as u64, max_rows)?;
    Ok(rows)
}

/// An array of which only the first values are kept, so that one too many tells without keeping all.
struct Rows<T> {
    keep: usize,
    value: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Rows<T> {
    type Value = Vec<Option<T>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Rows<T> {
    type Value = Vec<Option<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while values.len() < self.keep {
            match seq.next_element()? {
                Some(value) => values.push(value),
                None => return Ok(values),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(values)
    }
}

/// A number, or a string of one, as Grafana's own reader takes.
enum Number {
    Whole(i128),
    Float(f64),
}

impl Number {
    fn whole(&self) -> Option<i128> {
        match self {
            Self::Whole(value) => Some(*value),
            // In range of the widest field by far more than a cast could lose.
            Self::Float(value) if value.fract() == 0.0 && value.abs() < 1e30 => Some(*value as i128),
            Self::Float(_) => None,
        }
    }

    fn float(&self) -> f64 {
        match self {
            Self::Whole(value) => *value as f64,
            Self::Float(value) => *value,
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number::Whole(value.into()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number::Whole(value.into()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
                Ok(Number::Float(value))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                let whole = text.parse().map(Number::Whole);
                whole
                    .or_else(|_| text.parse().map(Number::Float))
                    .map_err(|_| E::custom(format!("`{text}` is no number")))
            }
        }

        deserializer.deserialize_any(NumberVisitor)
    }
}
