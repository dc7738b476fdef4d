//! Single values: the newtypes that say what a column holds, and the sum of them all for work row by row.

use crate::FieldType;

/// An instant: nanoseconds since the Unix epoch, UTC. Reaches from the year 1677 to 2262.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From microseconds since the epoch; saturates at the ends of the range.
    pub const fn from_micros(micros: i64) -> Self {
        Self::of::<1_000>(micros)
    }

    /// From milliseconds since the epoch; saturates at the ends of the range.
    pub const fn from_millis(millis: i64) -> Self {
        Self::of::<1_000_000>(millis)
    }

    /// From seconds since the epoch; saturates at the ends of the range.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::of::<1_000_000_000>(seconds)
    }

    /// So many times `UNIT` nanoseconds. The standard library's multiplication looks at 128 bits to see whether they fit,
    /// for which WebAssembly calls a function: for a column of instants that was a sixth of a plugin's time.
    const fn of<const UNIT: i64>(number: i64) -> Self {
        Self(if number < i64::MIN / UNIT {
            i64::MIN
        } else if number > i64::MAX / UNIT {
            i64::MAX
        } else {
            number * UNIT
        })
    }

    /// From seconds since the epoch, rounded to microseconds, which is what an f64 holds of today's instants.
    /// Saturates at the ends of the range; NaN is the epoch.
    pub fn from_seconds_f64(seconds: f64) -> Self {
        let whole = seconds.floor();
        let micros = ((seconds - whole) * 1e6).round();
        // Casts from floats saturate, and NaN becomes 0.
        Self((whole as i64).saturating_mul(1_000_000_000).saturating_add((micros as i64) * 1_000))
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

/// One JSON document, as its bytes. Checked where the frame is written as JSON, not here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RawJson(pub Vec<u8>);

impl RawJson {
    /// The document's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The document of a value that serde can write.
    pub fn of(value: &impl serde::Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_vec(value).map(Self)
    }
}

impl From<Vec<u8>> for RawJson {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<String> for RawJson {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl From<&str> for RawJson {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<&serde_json::Value> for RawJson {
    fn from(value: &serde_json::Value) -> Self {
        Self(value.to_string().into_bytes())
    }
}

/// Index into the texts of an enum field's config.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct EnumValue(pub u16);

/// One value of any field type, or null.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "a variant is a field type")]
#[non_exhaustive]
pub enum Value {
    Null,
    Int8(i8),
    Int16(i16),
    Int32(i32),
    Int64(i64),
    Uint8(u8),
    Uint16(u16),
    Uint32(u32),
    Uint64(u64),
    Float32(f32),
    Float64(f64),
    String(String),
    Bool(bool),
    Time(Timestamp),
    Json(RawJson),
    Enum(EnumValue),
}

impl Value {
    /// The field type it fits, `None` for null, which fits every nullable field.
    pub const fn field_type(&self) -> Option<FieldType> {
        Some(match self {
            Self::Null => return None,
            Self::Int8(_) => FieldType::Int8,
            Self::Int16(_) => FieldType::Int16,
            Self::Int32(_) => FieldType::Int32,
            Self::Int64(_) => FieldType::Int64,
            Self::Uint8(_) => FieldType::Uint8,
            Self::Uint16(_) => FieldType::Uint16,
            Self::Uint32(_) => FieldType::Uint32,
            Self::Uint64(_) => FieldType::Uint64,
            Self::Float32(_) => FieldType::Float32,
            Self::Float64(_) => FieldType::Float64,
            Self::String(_) => FieldType::String,
            Self::Bool(_) => FieldType::Bool,
            Self::Time(_) => FieldType::Time,
            Self::Json(_) => FieldType::Json,
            Self::Enum(_) => FieldType::Enum,
        })
    }
}

macro_rules! value_from {
    ($($from:ty => $variant:ident),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

value_from!(
    i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64, u8 => Uint8, u16 => Uint16, u32 => Uint32, u64 => Uint64,
    f32 => Float32, f64 => Float64, String => String, &str => String, bool => Bool, Timestamp => Time, RawJson => Json,
    EnumValue => Enum,
);

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_beyond_the_range_become_its_ends() {
        for (from, unit) in [
            (Timestamp::from_micros as fn(i64) -> Timestamp, 1_000),
            (Timestamp::from_millis, 1_000_000),
            (Timestamp::from_seconds, 1_000_000_000),
        ] {
            for end in [i64::MIN / unit, -1, 0, 1, i64::MAX / unit] {
                assert_eq!(from(end).nanos(), end * unit);
            }
            assert_eq!([from(i64::MIN / unit - 1), from(i64::MIN)].map(Timestamp::nanos), [i64::MIN; 2]);
            assert_eq!([from(i64::MAX / unit + 1), from(i64::MAX)].map(Timestamp::nanos), [i64::MAX; 2]);
        }
    }
}
