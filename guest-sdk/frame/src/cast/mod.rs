//! Arrow types that Grafana's own reader refuses, cast to those it takes, so that any Arrow writer can make a frame.
//!
//! | Arrow | becomes |
//! |---|---|
//! | large_utf8, utf8_view | string |
//! | large_binary, binary_view | json.RawMessage |
//! | fixed_size_binary | string, in hexadecimal |
//! | dictionary | what its values become, nullable |
//! | decimal of any width | float64 |
//! | date32, date64, timestamp of any unit and zone | time.Time; an instant outside 1677 to 2262 is an error |
//! | float16 | float32 |
//! | time32, time64, duration | int64, the field's unit set unless it has one |
//! | null | string, nullable |
//! | list, struct, map | json.RawMessage |
//!
//! Zoned timestamps are instants already; those without a zone are taken as UTC.

mod dictionary;
mod nested;
mod plain;
mod time;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, SchemaRef, TimeUnit};

use crate::canonical::Canonical;
use crate::limits::within;
use crate::{FieldType, Frame, FrameError, ReadLimits};

impl Frame {
    /// A frame from Arrow's parts whose types need not be Grafana's: they are cast as this crate's readers cast them.
    ///
    /// # Errors
    /// A type that cannot be cast, a value that its new type cannot hold, a cast that makes more than
    /// `limits.max_cast_bytes`, metadata that does not parse.
    pub fn canonical(schema: &SchemaRef, batches: &[RecordBatch], limits: &ReadLimits) -> Result<Self, FrameError> {
        let plan = Canonical::of(schema)?;
        let mut frame = Self::of_schema(plan.schema().clone())?;
        for batch in batches {
            frame.push_batch(plan.batch(batch.clone(), limits)?)?;
        }
        Ok(frame)
    }
}

/// How the arrays of one field are cast.
#[derive(Debug)]
pub(crate) enum Cast {
    /// Texts and bytes whose offsets are wide or whose values are viewed.
    Plain(FieldType),
    /// Bytes of one width each, to hexadecimal.
    Hex,
    Decimal,
    Half,
    /// A count of these nanoseconds since the epoch.
    Time {
        nanos: i64,
    },
    /// A count of this unit, kept as it is.
    Count(TimeUnit),
    /// Values looked up, then cast themselves if they must be.
    Dictionary {
        values: Field,
        cast: Option<Box<Cast>>,
        field_type: FieldType,
    },
    Null,
    Nested,
}

impl Cast {
    /// The cast for a field, whose type is none of Grafana's.
    pub(crate) fn of(field: &Field) -> Result<Self, FrameError> {
        const DAY: i64 = 86_400_000_000_000;
        Ok(match field.data_type() {
            DataType::LargeUtf8 | DataType::Utf8View => Self::Plain(FieldType::String),
            DataType::LargeBinary | DataType::BinaryView => Self::Plain(FieldType::Json),
            DataType::FixedSizeBinary(_) => Self::Hex,
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
                Self::Decimal
            }
            DataType::Float16 => Self::Half,
            DataType::Date32 => Self::Time { nanos: DAY },
            DataType::Date64 => Self::Time { nanos: time::nanos(TimeUnit::Millisecond) },
            DataType::Timestamp(unit, _) => Self::Time { nanos: time::nanos(*unit) },
            DataType::Time32(unit) | DataType::Time64(unit) | DataType::Duration(unit) => Self::Count(*unit),
            DataType::Dictionary(_, values) => {
                let values = Field::new(field.name(), (**values).clone(), true);
                let (cast, field_type) = match FieldType::from_arrow(values.data_type(), None) {
                    Some(field_type) => (None, field_type),
                    None => {
                        let cast = Self::of(&values)?;
                        let field_type = cast.field_type();
                        (Some(Box::new(cast)), field_type)
                    }
                };
                Self::Dictionary { values, cast, field_type }
            }
            DataType::Null => Self::Null,
            other if nested::writable(other) => Self::Nested,
            other => {
                return Err(FrameError::UnsupportedType {
                    field: field.name().clone(),
                    arrow: other.to_string(),
                    cure: "write a number, a string, a time or JSON",
                });
            }
        })
    }

    /// What it makes.
    pub(crate) fn field_type(&self) -> FieldType {
        match self {
            Self::Plain(field_type) | Self::Dictionary { field_type, .. } => *field_type,
            Self::Hex | Self::Null => FieldType::String,
            Self::Decimal => FieldType::Float64,
            Self::Half => FieldType::Float32,
            Self::Time { .. } => FieldType::Time,
            Self::Count(_) => FieldType::Int64,
            Self::Nested => FieldType::Json,
        }
    }

    /// Whether there may be nulls in what it makes where there are none in what it takes.
    pub(crate) fn makes_nulls(&self) -> bool {
        matches!(self, Self::Dictionary { .. } | Self::Null)
    }

    /// Grafana's unit of what it makes, where the type says it.
    pub(crate) fn unit(&self) -> Option<&'static str> {
        match self {
            Self::Count(TimeUnit::Second) => Some("s"),
            Self::Count(TimeUnit::Millisecond) => Some("ms"),
            Self::Count(TimeUnit::Microsecond) => Some("µs"),
            Self::Count(TimeUnit::Nanosecond) => Some("ns"),
            Self::Dictionary { cast: Some(cast), .. } => cast.unit(),
            _ => None,
        }
    }

    /// Casts one array of the field. What it makes is taken from `budget`, of which a batch has `allowed` bytes.
    pub(crate) fn apply(
        &self,
        field: &Field,
        array: &ArrayRef,
        allowed: usize,
        budget: &mut usize,
    ) -> Result<ArrayRef, FrameError> {
        let mut budget = Budget { allowed, left: budget };
        self.cast(field, array, &mut budget)
    }

    fn cast(&self, field: &Field, array: &ArrayRef, budget: &mut Budget<'_>) -> Result<ArrayRef, FrameError> {
        let rows = array.len();
        match self {
            Self::Plain(field_type) => {
                budget.spend(plain::bytes(array).saturating_add(rows.saturating_mul(4)))?;
                Ok(arrow_cast::cast(array, &field_type.arrow())?)
            }
            Self::Hex => {
                let array = array.as_fixed_size_binary();
                let width = array.value_length().unsigned_abs() as usize;
                budget.spend(rows.saturating_mul(width.saturating_mul(2).saturating_add(4)))?;
                Ok(plain::hex(array))
            }
            Self::Decimal => {
                budget.spend(rows.saturating_mul(8))?;
                Ok(arrow_cast::cast(array, &DataType::Float64)?)
            }
            Self::Half => {
                budget.spend(rows.saturating_mul(4))?;
                Ok(arrow_cast::cast(array, &DataType::Float32)?)
            }
            Self::Time { nanos } => {
                budget.spend(rows.saturating_mul(8))?;
                time::cast(field, array, *nanos)
            }
            Self::Count(_) => {
                budget.spend(rows.saturating_mul(8))?;
                time::count(array)
            }
            Self::Dictionary { values, cast, .. } => {
                let dictionary = array.as_any_dictionary();
                let looked_up = match cast {
                    Some(cast) => cast.cast(values, dictionary.values(), budget)?,
                    None => dictionary.values().clone(),
                };
                dictionary::look_up(dictionary, &looked_up, budget)
            }
            Self::Null => {
                budget.spend(rows.saturating_mul(5))?;
                Ok(arrow_array::new_null_array(&DataType::Utf8, rows))
            }
            Self::Nested => nested::documents(array, budget),
        }
    }
}

/// Bytes that the casts of a batch may still make.
pub(crate) struct Budget<'a> {
    allowed: usize,
    left: &'a mut usize,
}

impl Budget<'_> {
    /// Takes bytes before they are made.
    fn spend(&mut self, bytes: usize) -> Result<(), FrameError> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                *self.left = left;
                Ok(())
            }
            None => {
                let spent = self.allowed - *self.left;
                within("max_cast_bytes", spent.saturating_add(bytes) as u64, self.allowed)
            }
        }
    }

    fn left(&self) -> usize {
        *self.left
    }
}
