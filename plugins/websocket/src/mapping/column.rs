//! One field while rows come: what its type is so far, and the values under that type.

use super::time::{instant, looks_like_instant};
use crate::document::Json;
use crate::path::Path;
use crate::query::{FieldSpec, TimeFormat, WantedType};
use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, TimestampNanosecondBuilder,
};
use std::sync::Arc;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Time,
    Int,
    Number,
    Text,
    Bool,
    Json,
}

impl Kind {
    /// The narrowest type that holds values of both.
    fn widened(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Int | Self::Number, Self::Int | Self::Number) => Self::Number,
            _ => Self::Text,
        }
    }
}

/// A column: where its values are and what they were so far.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Where in a row; `None`: found by its name among what is inferred.
    pub(crate) path: Option<Path>,
    /// `None` while every value was null.
    pub(crate) kind: Option<Kind>,
    is_fixed: bool,
    format: TimeFormat,
}

impl Column {
    /// One that the query names.
    pub(crate) fn of_spec(spec: &FieldSpec) -> Self {
        let fixed = match spec.field_type {
            WantedType::Auto if spec.time_format != TimeFormat::Auto => Some(Kind::Time),
            WantedType::Auto => None,
            WantedType::Time => Some(Kind::Time),
            WantedType::Number => Some(Kind::Number),
            WantedType::String => Some(Kind::Text),
            WantedType::Boolean => Some(Kind::Bool),
            WantedType::Json => Some(Kind::Json),
        };
        let path = spec.path.clone().unwrap_or_else(|| Path::of_key(&spec.name));
        let name = if spec.name.is_empty() { path.last().unwrap_or("value").to_owned() } else { spec.name.clone() };
        Self { name, path: Some(path), kind: fixed, is_fixed: fixed.is_some(), format: spec.time_format }
    }

    /// One that was met.
    pub(crate) fn inferred(name: &str) -> Self {
        Self { name: name.to_owned(), path: None, kind: None, is_fixed: false, format: TimeFormat::Auto }
    }

    /// Makes the type wide enough for a value. True where it was not.
    pub(crate) fn learn(&mut self, value: &Json<'_>) -> bool {
        if self.is_fixed {
            return false;
        }
        let met = match (self.kind, value) {
            (_, Json::Null) => return false,
            (Some(Kind::Time), _) if instant(value, self.format).is_some() => Kind::Time,
            (None, _) if looks_like_instant(&self.name, value) => Kind::Time,
            (_, Json::Bool(_)) => Kind::Bool,
            (_, Json::Int(_)) => Kind::Int,
            (_, Json::Float(_)) => Kind::Number,
            (_, Json::Text(_)) => Kind::Text,
            (_, Json::List(_) | Json::Map(_)) => Kind::Json,
        };
        let kind = Some(self.kind.map_or(met, |kind| kind.widened(met)));
        let is_new = kind != self.kind;
        self.kind = kind;
        is_new
    }

    /// The column's values, as yet none, and no room for any: there may be one row of this layout, or thousands.
    pub(crate) fn values(&self) -> Option<Values> {
        let format = self.format;
        Some(match self.kind? {
            Kind::Time => Values::Time(TimestampNanosecondBuilder::with_capacity(0), format),
            Kind::Int => Values::Int(Int64Builder::with_capacity(0)),
            Kind::Number => Values::Number(Float64Builder::with_capacity(0)),
            Kind::Text => Values::Text(StringBuilder::with_capacity(0, 0)),
            Kind::Bool => Values::Bool(BooleanBuilder::with_capacity(0)),
            Kind::Json => Values::Json(BinaryBuilder::with_capacity(0, 0)),
        })
    }
}

/// Values of one column.
#[derive(Debug)]
pub(crate) enum Values {
    Time(TimestampNanosecondBuilder, TimeFormat),
    Int(Int64Builder),
    Number(Float64Builder),
    Text(StringBuilder),
    Bool(BooleanBuilder),
    Json(BinaryBuilder),
}

/// Bytes of a value beside those of its text.
const FIXED: usize = 9;

impl Values {
    /// Adds a value, or null. What it takes in memory; `Err` of the same where it is not of the column's type, and null
    /// was added.
    pub(crate) fn push(&mut self, value: Option<&Json<'_>>) -> Result<usize, usize> {
        let Some(value) = value.filter(|value| **value != Json::Null) else {
            self.push_null();
            return Ok(FIXED);
        };
        let mut bytes = FIXED;
        let is_read = match self {
            Self::Time(values, format) => {
                let instant = instant(value, *format);
                values.append_option(instant);
                instant.is_some()
            }
            Self::Int(values) => {
                let number = if let Json::Int(number) = value { Some(*number) } else { None };
                values.append_option(number);
                number.is_some()
            }
            Self::Number(values) => {
                let number = number(value);
                values.append_option(number);
                number.is_some()
            }
            Self::Bool(values) => {
                let truth = truth(value);
                values.append_option(truth);
                truth.is_some()
            }
            Self::Text(values) => {
                let text = value.as_text();
                bytes += text.as_ref().map_or(0, |text| text.len());
                values.append_option(text.as_ref());
                text.is_some()
            }
            Self::Json(values) => {
                let json = serde_json::to_vec(value).ok();
                bytes += json.as_ref().map_or(0, Vec::len);
                values.append_option(json.as_ref());
                json.is_some()
            }
        };
        if is_read { Ok(bytes) } else { Err(bytes) }
    }

    fn push_null(&mut self) {
        match self {
            Self::Time(values, _) => values.append_null(),
            Self::Int(values) => values.append_null(),
            Self::Number(values) => values.append_null(),
            Self::Text(values) => values.append_null(),
            Self::Bool(values) => values.append_null(),
            Self::Json(values) => values.append_null(),
        }
    }

    /// All of them.
    pub(crate) fn finish(mut self) -> ArrayRef {
        match &mut self {
            Self::Time(values, _) => Arc::new(values.finish()),
            Self::Int(values) => Arc::new(values.finish()),
            Self::Number(values) => Arc::new(values.finish()),
            Self::Text(values) => Arc::new(values.finish()),
            Self::Bool(values) => Arc::new(values.finish()),
            Self::Json(values) => Arc::new(values.finish()),
        }
    }
}

fn number(value: &Json<'_>) -> Option<f64> {
    match value {
        Json::Int(number) => Some(*number as f64),
        Json::Float(number) => Some(*number),
        Json::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn truth(value: &Json<'_>) -> Option<bool> {
    match value {
        Json::Bool(truth) => Some(*truth),
        Json::Int(0) => Some(false),
        Json::Int(1) => Some(true),
        Json::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Json::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}
