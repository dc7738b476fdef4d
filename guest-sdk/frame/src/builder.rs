//! A frame from whole columns. What the columns must agree on is checked once, at the end.

use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use arrow_schema::{Metadata, Schema};

use crate::field::to_json;
use crate::frame::key;
use crate::{Column, Field, Frame, FrameError, FrameMeta};

/// Collects the columns of a frame.
#[derive(Debug, Default)]
pub struct FrameBuilder {
    name: String,
    ref_id: String,
    /// Boxed, because the builder is moved at every step.
    meta: Option<Box<FrameMeta>>,
    columns: Vec<(Field, Column)>,
}

impl Frame {
    /// Starts a frame with a name, which may be empty.
    pub fn builder(name: impl Into<String>) -> FrameBuilder {
        FrameBuilder { name: name.into(), ..FrameBuilder::default() }
    }
}

impl FrameBuilder {
    /// Names the frame.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Which query the frame answers. The host fills it in where a plugin does not.
    #[must_use]
    pub fn ref_id(mut self, ref_id: impl Into<String>) -> Self {
        self.ref_id = ref_id.into();
        self
    }

    /// Sets the metadata.
    #[must_use]
    pub fn meta(mut self, meta: FrameMeta) -> Self {
        self.meta = Some(Box::new(meta));
        self
    }

    /// Adds a field with its values.
    #[must_use]
    pub fn column(mut self, field: Field, column: impl Into<Column>) -> Self {
        self.columns.push((field, column.into()));
        self
    }

    /// The frame.
    ///
    /// # Errors
    /// Columns of different lengths, an Arrow array whose type Grafana does not have, metadata that is no JSON.
    pub fn build(self) -> Result<Frame, FrameError> {
        let mut metadata = Metadata::new().with(key::NAME, self.name).with(key::REF_ID, self.ref_id);
        if let Some(meta) = &self.meta {
            metadata.insert(key::META, to_json(meta, || "frame meta".to_owned())?);
        }
        let mut fields = Vec::with_capacity(self.columns.len());
        let mut arrays = Vec::with_capacity(self.columns.len());
        let mut rows = None;
        for (field, column) in self.columns {
            let expected = *rows.get_or_insert(column.array.len());
            if column.array.len() != expected {
                return Err(FrameError::Rows { field: field.name, rows: column.array.len(), expected });
            }
            let Some(field_type) = column.field_type else {
                return Err(FrameError::UnsupportedType {
                    field: field.name,
                    arrow: column.array.data_type().to_string(),
                    cure: "cast it to one of Grafana's field types",
                });
            };
            fields.push(field.to_arrow(field_type, column.nullable)?);
            arrays.push(column.array);
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
        let batches = if arrays.is_empty() { vec![] } else { vec![RecordBatch::try_new(schema.clone(), arrays)?] };
        Frame::try_new(schema, batches)
    }
}
