//! PostgreSQL's binary values, read straight into Arrow columns.
//!
//! Promises Grafana's field type for every type it names, and exactly the value that the server has: `numeric` is the
//! nearest float64. What is not read here ([`Kind::of`] gives `None`) the server is asked to write as text, which is
//! the only form in which it knows how every type looks.
//! Formats: PostgreSQL's `src/backend/utils/adt/*.c`, the functions `*_send`.

mod column;
mod inet;
mod numeric;
mod raw;
mod time;

pub use column::{Column, Malformed};
pub use raw::Raw;

use tokio_postgres::types::{Kind as PgKind, Type};
use wellhead_sdk::frame::FieldType;

/// How the values of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`, shown with the digits that PostgreSQL shows
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`
    Numeric,
    /// `timestamp` and `timestamp with time zone`: microseconds since 2000
    Timestamp,
    /// `date`: days since 2000
    Date,
    /// `json`
    Json,
    /// `jsonb`: a version, then the text
    Jsonb,
    /// `uuid`
    Uuid,
    /// `inet` and `cidr`
    Inet,
    /// `bytea`: as text where it is text, else in PostgreSQL's hexadecimal form
    Bytea,
    /// Types that are text in either format
    Text,
}

impl Kind {
    /// How values of a type are read; `None` where the server has to write them as text.
    pub fn of(data_type: &Type) -> Option<Self> {
        Some(match *data_type {
            Type::BOOL => Self::Bool,
            Type::INT2 => Self::Int2,
            Type::INT4 => Self::Int4,
            Type::INT8 => Self::Int8,
            Type::FLOAT4 => Self::Float4,
            Type::FLOAT8 => Self::Float8,
            Type::NUMERIC => Self::Numeric,
            Type::TIMESTAMP | Type::TIMESTAMPTZ => Self::Timestamp,
            Type::DATE => Self::Date,
            Type::JSON => Self::Json,
            Type::JSONB => Self::Jsonb,
            Type::UUID => Self::Uuid,
            Type::INET | Type::CIDR => Self::Inet,
            Type::BYTEA => Self::Bytea,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::XML => Self::Text,
            _ if matches!(data_type.kind(), PgKind::Enum(_)) => Self::Text,
            _ => return None,
        })
    }

    /// The field type that Grafana's plugin gives such a column.
    pub const fn field_type(self) -> FieldType {
        match self {
            Self::Bool => FieldType::Bool,
            Self::Int2 => FieldType::Int16,
            Self::Int4 => FieldType::Int32,
            Self::Int8 => FieldType::Int64,
            Self::Float4 | Self::Float8 | Self::Numeric => FieldType::Float64,
            Self::Timestamp | Self::Date => FieldType::Time,
            Self::Json | Self::Jsonb => FieldType::Json,
            Self::Uuid | Self::Inet | Self::Bytea | Self::Text => FieldType::String,
        }
    }
}
