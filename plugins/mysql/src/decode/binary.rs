//! Values as prepared statements have them.

use super::column::Values;
use super::{ColumnType, Kind, Malformed, float, text, time};
use crate::protocol::Reader;
use std::borrow::Cow;

/// Appends the next value of a row, which is no text; `None`, and nothing appended, where it is malformed.
pub(super) fn push(
    column_type: ColumnType,
    values: &mut Values,
    row: &mut Reader<'_>,
    text: &mut String,
) -> Option<()> {
    let ColumnType { kind, is_unsigned, decimals, .. } = column_type;
    match values {
        Values::Int64(values) => values.append_value(integer(kind, is_unsigned, row)?),
        Values::Uint64(values) => values.append_value(row.array().map(u64::from_le_bytes)?),
        Values::Uint32(values) => values.append_value(row.u32()?),
        Values::Uint16(values) => values.append_value(row.u16()?),
        Values::Uint8(values) => values.append_value(row.u8()?),
        Values::Int32(values) => values.append_value(row.array().map(i32::from_le_bytes)?),
        Values::Float64(values) => values.append_value(match kind {
            Kind::Float => float::as_written(row.array().map(f32::from_le_bytes)?.into(), decimals, true, text),
            Kind::Decimal => text::number(row.text()?)?,
            _ => float::as_written(row.array().map(f64::from_le_bytes)?, decimals, false, text),
        }),
        Values::Time(values) => values.append_option(instant(row)?),
        Values::Text(_) => return None,
    }
    Some(())
}

/// The next value of a row, which is text or is shown as one.
pub(super) fn shown<'a, 'r: 'a>(
    column_type: ColumnType,
    row: &mut Reader<'r>,
    scratch: &'a mut String,
) -> Option<Result<Cow<'a, str>, Malformed>> {
    Some(match column_type.kind {
        Kind::Time => Ok(Cow::Borrowed(span(row, column_type.decimals, scratch)?)),
        _ => text::shown(column_type, row.text()?, scratch),
    })
}

/// Those that Grafana has as int64. All unsigned ones but `BIGINT` fit.
fn integer(kind: Kind, is_unsigned: bool, row: &mut Reader<'_>) -> Option<i64> {
    Some(match (kind, is_unsigned) {
        (Kind::Tiny, false) => i64::from(row.array().map(i8::from_le_bytes)?),
        (Kind::Tiny, true) => i64::from(row.u8()?),
        (Kind::Short, false) => i64::from(row.array().map(i16::from_le_bytes)?),
        (Kind::Short, true) | (Kind::Year, _) => i64::from(row.u16()?),
        (Kind::Long | Kind::Medium, false) => i64::from(row.array().map(i32::from_le_bytes)?),
        (Kind::Long | Kind::Medium, true) => i64::from(row.u32()?),
        _ => row.array().map(i64::from_le_bytes)?,
    })
}

/// A date, perhaps with a time, perhaps with microseconds: as much as is not zero.
fn instant(row: &mut Reader<'_>) -> Option<Option<i64>> {
    let length = row.u8()?;
    if !matches!(length, 0 | 4 | 7 | 11) {
        return None;
    }
    if length == 0 {
        return Some(None);
    }
    let (year, month, day) = (row.u16()?, row.u8()?, row.u8()?);
    let [hour, minute, second] = if length >= 7 { row.array()? } else { [0; 3] };
    let micros = if length == 11 { row.u32()? } else { 0 };
    time::instant([year.into(), month.into(), day.into()], [hour.into(), minute.into(), second.into()], micros)
}

fn span<'a>(row: &mut Reader<'_>, decimals: u8, text: &'a mut String) -> Option<&'a str> {
    let length = row.u8()?;
    let (is_negative, days, [hour, minute, second]) = match length {
        0 => (false, 0, [0; 3]),
        8 | 12 => (row.u8()? != 0, row.u32()?, row.array()?),
        _ => return None,
    };
    let micros = if length == 12 { row.u32()? } else { 0 };
    if hour > 23 || minute > 59 || second > 59 || micros > 999_999 {
        return None;
    }
    let hours = u64::from(days) * 24 + u64::from(hour);
    time::write_span(is_negative, [hours, minute.into(), second.into()], micros, decimals, text);
    Some(text)
}
