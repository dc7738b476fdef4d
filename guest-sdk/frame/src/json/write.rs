//! The `data` object: each field's values over all batches, then what JSON numbers cannot say.
//! Hot: 100,000 rows should cost little more than formatting their numbers.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampNanosecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::ArrowError;
use serde_json::value::RawValue;

use super::compact::compact;
use super::float::Float;
use super::schema::SchemaOut;
use super::text::write_string;
use super::{JsonOptions, Part};
use crate::limits::within;
use crate::{FieldType, FieldView, Frame, FrameError};

const NANOS_IN_MILLI: i64 = 1_000_000;
/// Rows between two looks at the size. A number takes 25 bytes at most.
const BLOCK: usize = 4_096;
/// Room a number may need, comma included.
const NUMBER: usize = 26;

/// Appends the frame, or a part of it.
pub(super) fn frame(
    frame: &Frame,
    part: Part,
    out: &mut Vec<u8>,
    start: usize,
    options: &JsonOptions,
) -> Result<(), FrameError> {
    let metadata = |source| FrameError::Metadata { what: "frame schema".to_owned(), source };
    out.push(b'{');
    if part == Part::Whole {
        out.extend_from_slice(b"\"schema\":");
        serde_json::to_writer(&mut *out, &SchemaOut::of(frame)).map_err(metadata)?;
        out.push(b',');
    }
    out.extend_from_slice(b"\"data\":{\"values\":[");
    let mut writer = Writer { out, end: start.saturating_add(options.max_bytes), start };
    let mut besides = Vec::with_capacity(frame.num_fields());
    for field in frame.fields() {
        writer.separate(field.index());
        besides.push(writer.column(field)?);
    }
    writer.out.push(b']');
    if besides.iter().any(|beside| beside.entities.any()) {
        writer.out.extend_from_slice(b",\"entities\":[");
        for (index, beside) in besides.iter().enumerate() {
            writer.separate(index);
            writer.entities(&beside.entities)?;
        }
        writer.out.push(b']');
    }
    if besides.iter().any(|beside| !beside.nanos.is_empty()) {
        writer.out.extend_from_slice(b",\"nanos\":[");
        for (index, (beside, field)) in besides.iter().zip(frame.fields()).enumerate() {
            writer.separate(index);
            writer.nanos(&beside.nanos, field)?;
        }
        writer.out.push(b']');
    }
    writer.out.extend_from_slice(b"}}");
    writer.check()
}

/// What a column's values could not say in place.
#[derive(Default)]
struct Beside {
    entities: Entities,
    /// Row and nanoseconds, where these are not 0.
    nanos: Vec<(usize, u32)>,
}

/// Rows whose value JSON has no number for.
#[derive(Default)]
struct Entities {
    nan: Vec<usize>,
    inf: Vec<usize>,
    neg_inf: Vec<usize>,
}

impl Entities {
    fn any(&self) -> bool {
        !(self.nan.is_empty() && self.inf.is_empty() && self.neg_inf.is_empty())
    }

    #[cold]
    fn add(&mut self, value: impl Float, row: usize) {
        let rows = match (value.is_nan(), value.is_positive()) {
            (true, _) => &mut self.nan,
            (_, true) => &mut self.inf,
            (_, false) => &mut self.neg_inf,
        };
        rows.push(row);
    }
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    end: usize,
}

impl Writer<'_> {
    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push(b',');
        }
    }

    fn check(&self) -> Result<(), FrameError> {
        let written = self.out.len() - self.start;
        within("max_bytes", written as u64, self.end - self.start)
    }

    /// Fails before text is appended that would not fit.
    fn room(&self, bytes: usize) -> Result<(), FrameError> {
        within("max_bytes", (self.out.len() - self.start).saturating_add(bytes) as u64, self.end - self.start)
    }

    fn column(&mut self, field: FieldView<'_>) -> Result<Beside, FrameError> {
        let mut beside = Beside::default();
        let mut row = 0;
        self.out.push(b'[');
        for array in field.chunks() {
            self.array(array, field, row, &mut beside)?;
            row += array.len();
        }
        // Every value is followed by a comma, which is cheaper than asking for the first.
        match self.out.last_mut() {
            Some(last) if row > 0 => *last = b']',
            _ => self.out.push(b']'),
        }
        self.check()?;
        Ok(beside)
    }

    fn array(
        &mut self,
        array: &ArrayRef,
        field: FieldView<'_>,
        row: usize,
        beside: &mut Beside,
    ) -> Result<(), FrameError> {
        match field.field_type() {
            FieldType::Int8 => self.integers::<Int8Type>(array),
            FieldType::Int16 => self.integers::<Int16Type>(array),
            FieldType::Int32 => self.integers::<Int32Type>(array),
            FieldType::Int64 => self.integers::<Int64Type>(array),
            FieldType::Uint8 => self.integers::<UInt8Type>(array),
            FieldType::Uint16 | FieldType::Enum => self.integers::<UInt16Type>(array),
            FieldType::Uint32 => self.integers::<UInt32Type>(array),
            FieldType::Uint64 => self.integers::<UInt64Type>(array),
            FieldType::Float32 => self.floats::<Float32Type>(array, row, &mut beside.entities),
            FieldType::Float64 => self.floats::<Float64Type>(array, row, &mut beside.entities),
            FieldType::Time => self.times(array, row, &mut beside.nanos),
            FieldType::Bool => self.bools(array),
            FieldType::String => self.strings(array),
            FieldType::Json => self.documents(array, field, row),
        }
    }

    /// Appends numbers, or null where there is none. `number` gets the row within the array.
    fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        array: &ArrayRef,
        mut number: impl FnMut(&mut Vec<u8>, usize, T::Native),
    ) -> Result<(), FrameError> {
        let array = array.as_primitive_opt::<T>().ok_or_else(not_of_its_type)?;
        let nulls = array.nulls();
        for (block, values) in array.values().chunks(BLOCK).enumerate() {
            self.out.reserve(values.len() * NUMBER);
            let first = block * BLOCK;
            match nulls {
                None => {
                    for (at, value) in values.iter().enumerate() {
                        number(self.out, first + at, *value);
                        self.out.push(b',');
                    }
                }
                Some(nulls) => {
                    for (at, value) in values.iter().enumerate() {
                        if nulls.is_null(first + at) {
                            self.out.extend_from_slice(b"null");
                        } else {
                            number(self.out, first + at, *value);
                        }
                        self.out.push(b',');
                    }
                }
            }
            self.check()?;
        }
        Ok(())
    }

    fn integers<T: ArrowPrimitiveType<Native: itoa::Integer>>(&mut self, array: &ArrayRef) -> Result<(), FrameError> {
        self.numbers::<T>(array, |out, _, value| {
            out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        })
    }

    fn floats<T: ArrowPrimitiveType<Native: Float>>(
        &mut self,
        array: &ArrayRef,
        row: usize,
        entities: &mut Entities,
    ) -> Result<(), FrameError> {
        self.numbers::<T>(array, |out, at, value| {
            if value.finite() {
                value.write(out);
            } else {
                out.extend_from_slice(b"null");
                entities.add(value, row + at);
            }
        })
    }

    fn times(&mut self, array: &ArrayRef, row: usize, nanos: &mut Vec<(usize, u32)>) -> Result<(), FrameError> {
        self.numbers::<TimestampNanosecondType>(array, |out, at, value| {
            let (millis, rest) = (value.div_euclid(NANOS_IN_MILLI), value.rem_euclid(NANOS_IN_MILLI));
            out.extend_from_slice(itoa::Buffer::new().format(millis).as_bytes());
            if rest != 0 {
                // Below a million by the division.
                nanos.push((row + at, rest as u32));
            }
        })
    }

    fn bools(&mut self, array: &ArrayRef) -> Result<(), FrameError> {
        let array = array.as_boolean_opt().ok_or_else(not_of_its_type)?;
        for (row, value) in array.iter().enumerate() {
            self.out.extend_from_slice(match value {
                Some(true) => b"true,",
                Some(false) => b"false,",
                None => b"null,",
            });
            if row % BLOCK == 0 {
                self.check()?;
            }
        }
        Ok(())
    }

    fn strings(&mut self, array: &ArrayRef) -> Result<(), FrameError> {
        let array = array.as_string_opt::<i32>().ok_or_else(not_of_its_type)?;
        self.out.reserve(array.len().saturating_mul(4).min(self.end));
        for value in array {
            match value {
                Some(text) => {
                    self.room(text.len())?;
                    write_string(text, self.out);
                }
                None => self.out.extend_from_slice(b"null"),
            }
            self.out.push(b',');
        }
        Ok(())
    }

    fn documents(&mut self, array: &ArrayRef, field: FieldView<'_>, row: usize) -> Result<(), FrameError> {
        let array = array.as_binary_opt::<i32>().ok_or_else(not_of_its_type)?;
        for (at, value) in array.iter().enumerate() {
            match value {
                Some(document) if !document.is_empty() => {
                    self.room(document.len())?;
                    let document: &RawValue = serde_json::from_slice(document).map_err(|problem| {
                        let problem = problem.to_string();
                        FrameError::RawJson { field: field.name().to_owned(), row: row + at, problem }
                    })?;
                    compact(document, self.out);
                }
                _ => self.out.extend_from_slice(b"null"),
            }
            self.out.push(b',');
        }
        Ok(())
    }

    /// One field's `{"NaN":[0],…}`, or null.
    fn entities(&mut self, entities: &Entities) -> Result<(), FrameError> {
        if !entities.any() {
            self.out.extend_from_slice(b"null");
            return Ok(());
        }
        let mut opening = b'{';
        for (name, rows) in [("NaN", &entities.nan), ("Inf", &entities.inf), ("NegInf", &entities.neg_inf)] {
            if !rows.is_empty() {
                self.out.push(opening);
                opening = b',';
                write_string(name, self.out);
                self.out.push(b':');
                self.list(rows.iter().map(|row| *row as u64))?;
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    /// One field's remainders, a number a row, or null.
    fn nanos(&mut self, nanos: &[(usize, u32)], field: FieldView<'_>) -> Result<(), FrameError> {
        if nanos.is_empty() {
            self.out.extend_from_slice(b"null");
            return Ok(());
        }
        let rows = field.chunks().map(|array| array.len()).sum();
        let mut given = nanos.iter().copied().peekable();
        self.list((0..rows).map(|row| given.next_if(|(at, _)| *at == row).map_or(0, |(_, nanos)| u64::from(nanos))))
    }

    fn list(&mut self, numbers: impl Iterator<Item = u64>) -> Result<(), FrameError> {
        let mut opening = b'[';
        for (index, number) in numbers.enumerate() {
            self.out.push(opening);
            opening = b',';
            self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
            if index % BLOCK == 0 {
                self.check()?;
            }
        }
        self.out.push(b']');
        Ok(())
    }
}

/// A frame's arrays have their fields' types, which was checked when it was made.
fn not_of_its_type() -> FrameError {
    ArrowError::SchemaError("an array is not of its field's type".to_owned()).into()
}
