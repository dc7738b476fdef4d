//! A frame row by row, up to a bound, for sources that speak in rows.
//! Values are checked against their fields as they come, so that a mistake names its field.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{BinaryBuilder, BooleanBuilder, PrimitiveBuilder, StringBuilder};
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};

use crate::{Column, Field, FieldType, Frame, FrameBuilder, FrameError, FrameMeta, Value};

/// Collects rows. Columns grow as rows come; nothing is reserved for rows that never do.
#[derive(Debug)]
pub struct RowsBuilder {
    frame: FrameBuilder,
    columns: Vec<GrowingColumn>,
    rows: usize,
    max_rows: usize,
}

impl RowsBuilder {
    /// The most rows where nothing else is said: Grafana's JSON is written up to as many.
    pub const DEFAULT_MAX_ROWS: usize = 1_000_000;

    /// A builder of rows with these fields: description, type, nullable.
    pub fn new(fields: Vec<(Field, FieldType, bool)>) -> Self {
        let columns = fields
            .into_iter()
            .map(|(field, field_type, nullable)| GrowingColumn {
                field,
                field_type,
                nullable,
                values: Values::new(field_type),
            })
            .collect();
        Self { frame: Frame::builder(""), columns, rows: 0, max_rows: Self::DEFAULT_MAX_ROWS }
    }

    /// Names the frame.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.frame = self.frame.name(name);
        self
    }

    /// Which query the frame answers.
    #[must_use]
    pub fn ref_id(mut self, ref_id: impl Into<String>) -> Self {
        self.frame = self.frame.ref_id(ref_id);
        self
    }

    /// Sets the metadata.
    #[must_use]
    pub fn meta(mut self, meta: FrameMeta) -> Self {
        self.frame = self.frame.meta(meta);
        self
    }

    /// The most rows that [`push`](Self::push) takes.
    #[must_use]
    pub fn max_rows(mut self, rows: usize) -> Self {
        self.max_rows = rows;
        self
    }

    /// Rows so far.
    pub fn num_rows(&self) -> usize {
        self.rows
    }

    /// Adds a row, one value a field. A row that is refused leaves no trace.
    ///
    /// # Errors
    /// The bound on rows is reached; the row's width is wrong; a value is not of its field's type; a null where the
    /// field has none.
    pub fn push(&mut self, row: &[Value]) -> Result<(), FrameError> {
        if self.rows >= self.max_rows {
            let allowed = self.max_rows as u64;
            return Err(FrameError::Limit { limit: "max_rows", allowed, asked: allowed.saturating_add(1) });
        }
        if row.len() != self.columns.len() {
            return Err(FrameError::RowWidth { found: row.len(), expected: self.columns.len() });
        }
        for (column, value) in self.columns.iter().zip(row) {
            column.check(value)?;
        }
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.values.append(value);
        }
        self.rows += 1;
        Ok(())
    }

    /// The frame.
    ///
    /// # Errors
    /// As [`FrameBuilder::build`].
    pub fn finish(self) -> Result<Frame, FrameError> {
        let add = |frame: FrameBuilder, mut column: GrowingColumn| {
            let array = column.values.finish();
            let values = Column { array, field_type: Some(column.field_type), nullable: column.nullable };
            frame.column(column.field, values)
        };
        self.columns.into_iter().fold(self.frame, add).build()
    }
}

#[derive(Debug)]
struct GrowingColumn {
    field: Field,
    field_type: FieldType,
    nullable: bool,
    values: Values,
}

impl GrowingColumn {
    fn check(&self, value: &Value) -> Result<(), FrameError> {
        let found = match value.field_type() {
            None if self.nullable => return Ok(()),
            Some(found) if found == self.field_type => return Ok(()),
            None => "null".to_owned(),
            Some(found) => found.to_string(),
        };
        Err(FrameError::Value { field: self.field.name.clone(), expected: self.field_type, found })
    }
}

macro_rules! values {
    ($($variant:ident: $builder:ty, $value:ident => $native:expr;)*) => {
        #[derive(Debug)]
        enum Values {
            $($variant($builder),)*
        }

        impl Values {
            fn new(field_type: FieldType) -> Self {
                match field_type {
                    $(FieldType::$variant => Self::$variant(<$builder>::new()),)*
                }
            }

            /// Appends a value that was checked to be of this type; any other is null.
            fn append(&mut self, value: &Value) {
                match (self, value) {
                    $(
                        (Self::$variant(builder), Value::$variant($value)) => builder.append_value($native),
                        (Self::$variant(builder), _) => builder.append_null(),
                    )*
                }
            }

            fn finish(&mut self) -> ArrayRef {
                match self {
                    $(Self::$variant(builder) => Arc::new(builder.finish()),)*
                }
            }
        }
    };
}

values!(
    Int8: PrimitiveBuilder<Int8Type>, value => *value;
    Int16: PrimitiveBuilder<Int16Type>, value => *value;
    Int32: PrimitiveBuilder<Int32Type>, value => *value;
    Int64: PrimitiveBuilder<Int64Type>, value => *value;
    Uint8: PrimitiveBuilder<UInt8Type>, value => *value;
    Uint16: PrimitiveBuilder<UInt16Type>, value => *value;
    Uint32: PrimitiveBuilder<UInt32Type>, value => *value;
    Uint64: PrimitiveBuilder<UInt64Type>, value => *value;
    Float32: PrimitiveBuilder<Float32Type>, value => *value;
    Float64: PrimitiveBuilder<Float64Type>, value => *value;
    String: StringBuilder, value => value;
    Bool: BooleanBuilder, value => *value;
    Time: PrimitiveBuilder<TimestampNanosecondType>, value => value.0;
    Json: BinaryBuilder, value => value.as_bytes();
    Enum: PrimitiveBuilder<UInt16Type>, value => value.0;
);
