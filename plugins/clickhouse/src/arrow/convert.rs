//! A column as Arrow has it to the column as Grafana has it. What is the same is handed on; texts are looked at and not
//! copied; integers that mean something else are worked out.

use super::room::{Room, Unread};
use super::{float, nested};
use crate::kind::Kind;
use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float32Type, Int8Type, Int16Type,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, Float64Array, StringArray,
    TimestampNanosecondArray, new_null_array,
};
use arrow_schema::{DataType, TimeUnit};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use wellhead_sdk::frame::{FieldType, Timestamp};

/// The column under its kind's type.
///
/// # Errors
/// A type of Arrow that the kind does not come in; more than there is room for.
pub(super) fn convert(kind: &Kind, column: &ArrayRef, room: &mut Room) -> Result<ArrayRef, Unread> {
    let target = kind.field_type().arrow();
    let data_type = column.data_type();
    if *data_type != target {
        // Of texts and documents these are the offsets; what stands in them is counted as it comes.
        room.take_values(column.len(), target.primitive_width().unwrap_or(size_of::<i32>()))?;
    }
    let converted: Option<ArrayRef> = match (kind, data_type) {
        (_, DataType::Null) => Some(new_null_array(&target, column.len())),
        (Kind::Array(_) | Kind::Map(..) | Kind::Tuple(_), _) => return documents(kind, column, room),
        (Kind::Json, DataType::Union(..)) => return documents(kind, column, room),
        (_, same) if *same == target => Some(column.clone()),
        (Kind::Text | Kind::Enum(_), DataType::Binary) => {
            column.as_binary_opt().map(|bytes| texts(bytes, room)).transpose()?
        }
        (Kind::Text, DataType::Time32(_) | DataType::Time64(_)) => times_of_day(column, room)?,
        (Kind::Text | Kind::Uuid | Kind::Ipv6 | Kind::Wide { .. } | Kind::BFloat16, _) => bytes(kind, column, room)?,
        (Kind::Enum(names), DataType::Int8) => {
            let numbers = column.as_primitive_opt::<Int8Type>();
            let names = numbers.map(|numbers| enum_names(numbers.iter().map(|n| n.map(i16::from)), names, room));
            names.transpose()?
        }
        (Kind::Enum(names), DataType::Int16) => {
            let numbers = column.as_primitive_opt::<Int16Type>();
            numbers.map(|numbers| enum_names(numbers.iter(), names, room)).transpose()?
        }
        (Kind::Plain(FieldType::Bool), DataType::UInt8) => {
            let numbers = column.as_primitive_opt::<UInt8Type>();
            numbers.map(|numbers| Arc::new(numbers.iter().map(|n| n.map(|n| n != 0)).collect::<BooleanArray>()) as _)
        }
        (Kind::Decimal, _) => decimals(column),
        (Kind::Date | Kind::DateTime(_), _) => instants(kind, column),
        (Kind::Ipv4, DataType::UInt32) => {
            let numbers = column.as_primitive_opt::<UInt32Type>();
            let texts = numbers.map(|numbers| {
                strings(numbers.iter().map(|number| number.map(|number| Ipv4Addr::from_bits(number).to_string())), room)
            });
            texts.transpose()?
        }
        _ => None,
    };
    converted.ok_or_else(|| Unread::Type(format!("{kind:?} in {data_type}")))
}

fn documents(kind: &Kind, column: &ArrayRef, room: &mut Room) -> Result<ArrayRef, Unread> {
    let values = nested::Values::new(kind, column, room)?;
    let mut builder = BinaryBuilder::with_capacity(column.len(), 0);
    let mut document = room.document();
    for row in 0..column.len() {
        if values.is_null(row) {
            builder.append_null();
            continue;
        }
        values.write(row, &mut document);
        document.finish(room, |document| builder.append_value(document))?;
    }
    Ok(Arc::new(builder.finish()))
}

/// Texts that are made, as far as there is room.
fn strings<T: AsRef<str>>(texts: impl Iterator<Item = Option<T>>, room: &mut Room) -> Result<ArrayRef, Unread> {
    let mut builder = StringBuilder::new();
    for text in texts {
        room.take(text.as_ref().map_or(0, |text| text.as_ref().len()))?;
        builder.append_option(text);
    }
    Ok(Arc::new(builder.finish()))
}

/// ClickHouse's strings are bytes: where all are UTF-8 they are texts as they lie, else with U+FFFD for what is not.
fn texts(bytes: &BinaryArray, room: &mut Room) -> Result<ArrayRef, Unread> {
    if bytes.value_data().is_ascii() {
        let (offsets, values, nulls) = bytes.clone().into_parts();
        // Most columns are, and looking at each value's ends costs more than looking at all bytes at once.
        // SAFETY: ASCII is UTF-8, every place in it is between two characters, and the offsets are a checked array's.
        return Ok(Arc::new(unsafe { StringArray::new_unchecked(offsets, values, nulls) }));
    }
    match StringArray::try_from_binary(bytes.clone()) {
        Ok(texts) => Ok(Arc::new(texts)),
        Err(_) => strings(bytes.iter().map(|value| value.map(String::from_utf8_lossy)), room),
    }
}

/// Kinds that come as bytes, of a fixed length or not.
fn bytes(kind: &Kind, column: &ArrayRef, room: &mut Room) -> Result<Option<ArrayRef>, Unread> {
    fn floats(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
        Arc::new(values.collect::<Float64Array>())
    }
    if let (Kind::BFloat16, Some(numbers)) = (kind, column.as_primitive_opt::<Float32Type>()) {
        return Ok(Some(floats(numbers.iter().map(|number| number.map(f64::from)))));
    }
    let values: Box<dyn Iterator<Item = Option<&[u8]>>> =
        match (column.as_binary_opt::<i32>(), column.as_any().downcast_ref::<FixedSizeBinaryArray>()) {
            (Some(values), _) => Box::new(values.iter()),
            (_, Some(values)) => Box::new(values.iter()),
            _ => return Ok(None),
        };
    let mut texts = |text: fn(&[u8]) -> Option<String>, values: Box<dyn Iterator<Item = Option<&[u8]>>>| {
        strings(values.map(|value| value.map(|bytes| text(bytes).unwrap_or_else(|| lossy(bytes)))), room)
    };
    Ok(Some(match kind {
        Kind::Uuid => texts(uuid, values)?,
        Kind::Ipv6 => texts(ipv6, values)?,
        Kind::Wide { signed } => floats(values.map(|value| float::wide(value?, *signed))),
        Kind::BFloat16 => floats(values.map(|value| {
            let [low, high] = value?.try_into().ok()?;
            Some(f64::from(f32::from_le_bytes([0, 0, low, high])))
        })),
        _ => texts(|bytes| Some(lossy(bytes)), values)?,
    }))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes: &[u8; 16] = bytes.try_into().ok()?;
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing into memory does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}

fn ipv6(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    Some(Ipv6Addr::from(bytes).to_string())
}

/// A number without a name is shown as it is.
fn enum_names(
    numbers: impl Iterator<Item = Option<i16>>,
    names: &BTreeMap<i16, String>,
    room: &mut Room,
) -> Result<ArrayRef, Unread> {
    let name =
        |number| names.get(&number).map_or_else(|| number.to_string().into(), |name| Cow::Borrowed(name.as_str()));
    strings(numbers.map(|number| number.map(name)), room)
}

fn decimals(column: &ArrayRef) -> Option<ArrayRef> {
    macro_rules! floats {
        ($type:ty, $scale:expr, $float:expr) => {
            column.as_primitive_opt::<$type>().map(|numbers| {
                let floats: Float64Array = numbers.unary(|digits| $float(digits.into(), $scale));
                Arc::new(floats) as ArrayRef
            })
        };
    }
    match *column.data_type() {
        DataType::Decimal32(_, scale) => floats!(Decimal32Type, scale, float::decimal_128),
        DataType::Decimal64(_, scale) => floats!(Decimal64Type, scale, float::decimal_128),
        DataType::Decimal128(_, scale) => floats!(Decimal128Type, scale, float::decimal_128),
        DataType::Decimal256(_, scale) => floats!(Decimal256Type, scale, float::decimal_256),
        _ => None,
    }
}

/// The beginning of a day: a number of 32 bits at most.
fn midnight(day: i64) -> Timestamp {
    Timestamp::from_seconds(day.wrapping_mul(86_400))
}

/// Days and instants in the units that the server has for them. Instants are the same in every time zone; what a timestamp
/// of nanoseconds cannot hold becomes its end.
fn instants(kind: &Kind, column: &ArrayRef) -> Option<ArrayRef> {
    macro_rules! times {
        ($type:ty, $instant:expr) => {
            column
                .as_primitive_opt::<$type>()
                .map(|numbers| numbers.unary::<_, TimestampNanosecondType>(|number| $instant(number.into()).nanos()))
        };
    }
    let times: TimestampNanosecondArray = match (kind, column.data_type()) {
        (Kind::Date, DataType::Date32) => times!(Date32Type, midnight),
        // Servers before 23.
        (Kind::Date, DataType::UInt16) => times!(UInt16Type, midnight),
        (Kind::DateTime(_), DataType::UInt32) => times!(UInt32Type, Timestamp::from_seconds),
        (_, DataType::Timestamp(TimeUnit::Second, _)) => times!(TimestampSecondType, Timestamp::from_seconds),
        (_, DataType::Timestamp(TimeUnit::Millisecond, _)) => times!(TimestampMillisecondType, Timestamp::from_millis),
        (_, DataType::Timestamp(TimeUnit::Microsecond, _)) => times!(TimestampMicrosecondType, Timestamp::from_micros),
        // The zone is only the type's.
        (_, DataType::Timestamp(TimeUnit::Nanosecond, _)) => column
            .as_primitive_opt::<TimestampNanosecondType>()
            .map(|times| times.clone().with_timezone_opt(None::<&str>)),
        _ => None,
    }?;
    Some(Arc::new(times))
}

/// `Time` and `Time64`, as ClickHouse writes them.
fn times_of_day(column: &ArrayRef, room: &mut Room) -> Result<Option<ArrayRef>, Unread> {
    let mut written = |numbers: &mut dyn Iterator<Item = Option<i64>>, digits: usize| {
        let unit = 10_u64.pow(u32::try_from(digits).unwrap_or(0));
        let texts = numbers.map(|number| {
            let number = number?;
            let sign = if number < 0 { "-" } else { "" };
            let (seconds, fraction) = (number.unsigned_abs() / unit, number.unsigned_abs() % unit);
            let mut text = format!("{sign}{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
            if digits > 0 {
                let _ = write!(text, ".{fraction:0digits$}");
            }
            Some(text)
        });
        strings(texts, room)
    };
    let texts = if let Some(numbers) = column.as_primitive_opt::<Time32SecondType>() {
        written(&mut numbers.iter().map(|number| number.map(i64::from)), 0)
    } else if let Some(numbers) = column.as_primitive_opt::<Time32MillisecondType>() {
        written(&mut numbers.iter().map(|number| number.map(i64::from)), 3)
    } else if let Some(numbers) = column.as_primitive_opt::<Time64MicrosecondType>() {
        written(&mut numbers.iter(), 6)
    } else if let Some(numbers) = column.as_primitive_opt::<Time64NanosecondType>() {
        written(&mut numbers.iter(), 9)
    } else {
        return Ok(None);
    };
    texts.map(Some)
}
