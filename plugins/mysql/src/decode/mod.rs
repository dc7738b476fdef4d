//! MySQL's values, binary or as text, read straight into Arrow columns.
//!
//! Promises Grafana's field type for every type: that of its converters, else what `database/sql` scans the column into,
//! so that a column that is `NOT NULL` is not nullable where Grafana's is not. Formats: MySQL's source documentation,
//! "Binary Protocol Resultset".

mod binary;
mod column;
mod float;
mod geometry;
pub(crate) mod text;
mod time;

pub use crate::protocol::Reader;
pub use column::{Column, Malformed};

use wellhead_sdk::frame::FieldType;

/// How the values of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `TINYINT`, `BOOL`
    Tiny,
    /// `SMALLINT`
    Short,
    /// `MEDIUMINT`
    Medium,
    /// `INT`
    Long,
    /// `BIGINT`
    LongLong,
    /// `YEAR`
    Year,
    /// `FLOAT`, with the six digits that the server writes
    Float,
    /// `DOUBLE`
    Double,
    /// `DECIMAL`: digits
    Decimal,
    /// `DATE`, `DATETIME`, `TIMESTAMP`
    Instant,
    /// `TIME`: a span, as text
    Time,
    /// Types that are text
    Text,
    /// `BLOB`, `BINARY`, `BIT`: as text where it is text, else in hexadecimal
    Bytes,
    /// `GEOMETRY` and its kin, as well-known text
    Geometry,
}

/// What is to be known of a column to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnType {
    /// How its values are read.
    pub kind: Kind,
    /// Integers are not negative.
    pub is_unsigned: bool,
    /// The server says that there are no nulls.
    pub is_required: bool,
    /// Digits behind the point; 31 where the column does not say.
    pub decimals: u8,
}

const NOT_NULL: u16 = 1;
const UNSIGNED: u16 = 1 << 5;
/// The character set of bytes.
const BINARY: u16 = 63;

impl ColumnType {
    /// By the protocol's number of the type, its flags and its character set.
    pub fn of(data_type: u8, flags: u16, charset: u16, decimals: u8) -> Self {
        let kind = match data_type {
            1 => Kind::Tiny,
            2 => Kind::Short,
            3 => Kind::Long,
            4 => Kind::Float,
            5 => Kind::Double,
            // 17, 18: as they are stored; sent as 7 and 12.
            7 | 10 | 12 | 14 | 17 | 18 => Kind::Instant,
            8 => Kind::LongLong,
            9 => Kind::Medium,
            11 | 19 => Kind::Time,
            13 => Kind::Year,
            0 | 246 => Kind::Decimal,
            255 => Kind::Geometry,
            // Bits, and vectors of MySQL 9.
            16 | 242 => Kind::Bytes,
            // Strings and blobs of any length. JSON (245) is text whatever its character set.
            15 | 249..=254 if charset == BINARY => Kind::Bytes,
            _ => Kind::Text,
        };
        Self { kind, is_unsigned: flags & UNSIGNED != 0, is_required: flags & NOT_NULL != 0, decimals }
    }

    /// The field type that Grafana's plugin gives such a column.
    pub const fn field_type(self) -> FieldType {
        // To the driver of Grafana's plugin, what is unsigned is of another type, which has no converter; and MEDIUMINT has
        // none, either.
        let is_own = self.is_required && (self.is_unsigned || matches!(self.kind, Kind::Medium));
        match self.kind {
            Kind::Tiny if is_own => FieldType::Uint8,
            Kind::Short if is_own => FieldType::Uint16,
            Kind::Medium if is_own && !self.is_unsigned => FieldType::Int32,
            Kind::Long | Kind::Medium if is_own => FieldType::Uint32,
            // Grafana has int64 for those that may be null, and fails at values above.
            Kind::LongLong if self.is_unsigned => FieldType::Uint64,
            Kind::Tiny | Kind::Short | Kind::Medium | Kind::Long | Kind::LongLong | Kind::Year => FieldType::Int64,
            Kind::Float | Kind::Double | Kind::Decimal => FieldType::Float64,
            Kind::Instant => FieldType::Time,
            Kind::Time | Kind::Text | Kind::Bytes | Kind::Geometry => FieldType::String,
        }
    }

    /// Whether the frame's field may hold nulls.
    pub const fn is_nullable(self) -> bool {
        let never_null = match self.kind {
            Kind::Medium | Kind::Text | Kind::Time => true,
            Kind::Tiny | Kind::Short | Kind::Long | Kind::LongLong => self.is_unsigned,
            _ => false,
        };
        !(self.is_required && never_null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_grafanas_and_nullable_where_grafanas_are() {
        for (data_type, flags, charset, field_type, is_nullable) in [
            (1, NOT_NULL, 63, FieldType::Int64, true),
            (1, NOT_NULL | UNSIGNED, 63, FieldType::Uint8, false),
            (2, NOT_NULL | UNSIGNED, 63, FieldType::Uint16, false),
            (3, UNSIGNED, 63, FieldType::Int64, true),
            (3, NOT_NULL | UNSIGNED, 63, FieldType::Uint32, false),
            (8, NOT_NULL, 63, FieldType::Int64, true),
            (8, NOT_NULL | UNSIGNED, 63, FieldType::Uint64, false),
            (8, UNSIGNED, 63, FieldType::Uint64, true),
            (9, NOT_NULL, 63, FieldType::Int32, false),
            (9, 0, 63, FieldType::Int64, true),
            (9, NOT_NULL | UNSIGNED, 63, FieldType::Uint32, false),
            (13, NOT_NULL | UNSIGNED, 63, FieldType::Int64, true),
            (246, NOT_NULL, 63, FieldType::Float64, true),
            (12, NOT_NULL, 63, FieldType::Time, true),
            (253, NOT_NULL, 224, FieldType::String, false),
            (253, NOT_NULL, 63, FieldType::String, true),
            (245, NOT_NULL, 63, FieldType::String, false),
            (16, NOT_NULL | UNSIGNED, 63, FieldType::String, true),
        ] {
            let column = ColumnType::of(data_type, flags, charset, 0);
            assert_eq!((column.field_type(), column.is_nullable()), (field_type, is_nullable), "{data_type} {flags}");
        }
    }
}
