//! Grafana's field types and the one Arrow type each is written as.
//! Names and the table are those of Grafana's data frame schema; nullability is Arrow's flag and not part of the type.

use std::fmt;
use std::str::FromStr;

use arrow_schema::{DataType, TimeUnit};

/// The type of a field's values, without nullability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum FieldType {
    /// `int8`
    #[serde(rename = "int8")]
    Int8,
    /// `int16`
    #[serde(rename = "int16")]
    Int16,
    /// `int32`
    #[serde(rename = "int32")]
    Int32,
    /// `int64`
    #[serde(rename = "int64")]
    Int64,
    /// `uint8`
    #[serde(rename = "uint8")]
    Uint8,
    /// `uint16`
    #[serde(rename = "uint16")]
    Uint16,
    /// `uint32`
    #[serde(rename = "uint32")]
    Uint32,
    /// `uint64`
    #[serde(rename = "uint64")]
    Uint64,
    /// `float32`
    #[serde(rename = "float32")]
    Float32,
    /// `float64`
    #[serde(rename = "float64")]
    Float64,
    /// `string`, UTF-8
    #[serde(rename = "string")]
    String,
    /// `bool`
    #[serde(rename = "bool")]
    Bool,
    /// `time.Time`: nanoseconds since the Unix epoch, UTC
    #[serde(rename = "time.Time")]
    Time,
    /// `json.RawMessage`: one JSON document a value
    #[serde(rename = "json.RawMessage")]
    Json,
    /// `enum`: an index into the texts of the field's config
    #[serde(rename = "enum")]
    Enum,
}

impl FieldType {
    /// Every field type.
    pub const ALL: [Self; 15] = [
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Float32,
        Self::Float64,
        Self::String,
        Self::Bool,
        Self::Time,
        Self::Json,
        Self::Enum,
    ];

    /// Grafana's name for it: `typeInfo.frame` in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::String => "string",
            Self::Bool => "bool",
            Self::Time => "time.Time",
            Self::Json => "json.RawMessage",
            Self::Enum => "enum",
        }
    }

    /// The front end's coarser type: `tstype` in Arrow metadata, `type` in JSON.
    pub const fn tstype(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Bool => "boolean",
            Self::Time => "time",
            Self::Json => "other",
            Self::Enum => "enum",
            _ => "number",
        }
    }

    /// True for the integers and floats.
    pub const fn is_numeric(self) -> bool {
        !matches!(self, Self::String | Self::Bool | Self::Time | Self::Json | Self::Enum)
    }

    /// The Arrow type a field of this type has.
    pub const fn arrow(self) -> DataType {
        match self {
            Self::Int8 => DataType::Int8,
            Self::Int16 => DataType::Int16,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Uint8 => DataType::UInt8,
            Self::Uint16 | Self::Enum => DataType::UInt16,
            Self::Uint32 => DataType::UInt32,
            Self::Uint64 => DataType::UInt64,
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::String => DataType::Utf8,
            Self::Bool => DataType::Boolean,
            Self::Time => DataType::Timestamp(TimeUnit::Nanosecond, None),
            Self::Json => DataType::Binary,
        }
    }

    /// The field type of an Arrow type, `None` where only a cast could help. `tstype` tells an enum from a uint16.
    pub fn from_arrow(arrow: &DataType, tstype: Option<&str>) -> Option<Self> {
        Some(match arrow {
            DataType::Int8 => Self::Int8,
            DataType::Int16 => Self::Int16,
            DataType::Int32 => Self::Int32,
            DataType::Int64 => Self::Int64,
            DataType::UInt8 => Self::Uint8,
            DataType::UInt16 if tstype == Some("enum") => Self::Enum,
            DataType::UInt16 => Self::Uint16,
            DataType::UInt32 => Self::Uint32,
            DataType::UInt64 => Self::Uint64,
            DataType::Float32 => Self::Float32,
            DataType::Float64 => Self::Float64,
            DataType::Utf8 => Self::String,
            DataType::Boolean => Self::Bool,
            DataType::Timestamp(TimeUnit::Nanosecond, None) => Self::Time,
            DataType::Binary => Self::Json,
            _ => return None,
        })
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no field type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no field type: use one of int8 to int64, uint8 to uint64, float32, float64, string, bool, time.Time, json.RawMessage, enum"
)]
pub struct UnknownFieldType(String);

impl FromStr for FieldType {
    type Err = UnknownFieldType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|t| t.as_str() == name).ok_or_else(|| UnknownFieldType(name.to_owned()))
    }
}
