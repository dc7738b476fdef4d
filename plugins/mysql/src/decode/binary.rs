//! Values as prepared statements have them.

use super::column::{Column, Values};
use super::{Kind, geometry, text, time};
use crate::protocol::Reader;

/// Appends the next value of a row; `None`, and nothing appended, where it is malformed.
pub(super) fn push(column: &mut Column, row: &mut Reader<'_>) -> Option<()> {
    let Column { column_type, values, text } = column;
    let is_unsigned = column_type.is_unsigned;
    match values {
        Values::Int64(values) => values.append_value(integer(column_type.kind, is_unsigned, row)?),
        Values::Uint64(values) => values.append_value(row.array().map(u64::from_le_bytes)?),
        Values::Uint32(values) => values.append_value(row.u32()?),
        Values::Uint16(values) => values.append_value(row.u16()?),
        Values::Uint8(values) => values.append_value(row.u8()?),
        Values::Int32(values) => values.append_value(row.array().map(i32::from_le_bytes)?),
        Values::Float64(values) => values.append_value(match column_type.kind {
            Kind::Float => text::widen(row.array().map(f32::from_le_bytes)?, text),
            Kind::Decimal => text::number(row.text()?)?,
            _ => row.array().map(f64::from_le_bytes)?,
        }),
        Values::Time(values) => values.append_option(instant(row)?),
        Values::Text(values) => match column_type.kind {
            Kind::Time => values.append_value(span(row, column_type.decimals, text)?),
            Kind::Bytes => values.append_value(text::bytes(row.text()?, text)),
            Kind::Geometry => values.append_value(geometry::text(row.text()?, text)),
            _ => values.append_value(String::from_utf8_lossy(row.text()?)),
        },
    }
    Some(())
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
    let hours = u64::from(days) * 24 + u64::from(hour);
    time::write_span(is_negative, [hours, minute.into(), second.into()], micros, decimals, text);
    Some(text)
}
