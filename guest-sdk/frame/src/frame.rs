//! The frame itself: schema, Grafana's metadata parsed once, and record batches.
//! It holds only types that Grafana has; how bytes become one is left to `read`, `json` and `cast`.

use std::sync::Arc;

use arrow_array::{Array, RecordBatch, RecordBatchOptions};
use arrow_schema::{Metadata, Schema, SchemaRef};

use crate::field::{FieldInfo, FieldView, from_json, to_json};
use crate::{FrameError, FrameMeta};

/// Keys of the metadata in an Arrow schema.
pub(crate) mod key {
    pub(crate) const NAME: &str = "name";
    pub(crate) const REF_ID: &str = "refId";
    pub(crate) const META: &str = "meta";
}

/// A data frame. Cloning shares the values.
///
/// Every field's Arrow type is one of [`FieldType`](crate::FieldType)'s, and every batch has the frame's schema.
#[derive(Debug, Clone)]
pub struct Frame {
    schema: SchemaRef,
    meta: Option<Arc<FrameMeta>>,
    infos: Arc<[FieldInfo]>,
    batches: Vec<RecordBatch>,
}

impl Frame {
    /// A frame with a name and no fields: Grafana's form of "no data".
    pub fn empty(name: impl Into<String>) -> Self {
        let metadata = Metadata::new().with(key::NAME, name).with(key::REF_ID, "");
        let schema = Arc::new(Schema::empty().with_metadata(metadata));
        Self { schema, meta: None, infos: Arc::from([]), batches: Vec::new() }
    }

    /// A frame from Arrow's parts: name, refId and meta from the schema's metadata, labels and config from the fields'.
    ///
    /// # Errors
    /// A type Grafana does not have, metadata that does not parse, a batch whose columns do not fit the schema.
    pub fn try_new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<Self, FrameError> {
        let mut frame = Self::of_schema(schema)?;
        frame.batches.reserve_exact(batches.len());
        for batch in batches {
            frame.push_batch(batch)?;
        }
        Ok(frame)
    }

    /// A frame of this schema without rows.
    pub(crate) fn of_schema(schema: SchemaRef) -> Result<Self, FrameError> {
        let infos = schema.fields().iter().map(|field| FieldInfo::of(field)).collect::<Result<_, _>>()?;
        let meta = match schema.metadata().get(key::META) {
            Some(text) => from_json::<Option<FrameMeta>>(text, || "frame meta".to_owned())?.map(Arc::new),
            None => None,
        };
        Ok(Self { schema, meta, infos, batches: Vec::new() })
    }

    /// Adds rows under the frame's schema.
    ///
    /// # Errors
    /// Columns that do not fit the schema: their number, a type, nulls where the field has none.
    pub fn push_batch(&mut self, batch: RecordBatch) -> Result<(), FrameError> {
        self.batches.push(under(&self.schema, batch)?);
        Ok(())
    }

    /// The frame's name; may be empty.
    pub fn name(&self) -> &str {
        self.metadata(key::NAME)
    }

    /// Which query it answers; empty until the host fills it in.
    pub fn ref_id(&self) -> &str {
        self.metadata(key::REF_ID)
    }

    fn metadata(&self, key: &str) -> &str {
        self.schema.metadata().get(key).map_or("", String::as_str)
    }

    /// Sets which query it answers.
    pub fn set_ref_id(&mut self, ref_id: &str) {
        if self.ref_id() != ref_id {
            self.set_metadata(key::REF_ID, Some(ref_id.to_owned()));
        }
    }

    /// The frame, answering this query.
    #[must_use]
    pub fn with_ref_id(mut self, ref_id: &str) -> Self {
        self.set_ref_id(ref_id);
        self
    }

    /// Metadata, if any.
    pub fn meta(&self) -> Option<&FrameMeta> {
        self.meta.as_deref()
    }

    /// Replaces the metadata.
    ///
    /// # Errors
    /// Metadata that serde cannot write as JSON.
    pub fn set_meta(&mut self, meta: Option<FrameMeta>) -> Result<(), FrameError> {
        let text = meta.as_ref().map(|meta| to_json(meta, || "frame meta".to_owned())).transpose()?;
        self.set_metadata(key::META, text);
        self.meta = meta.map(Arc::new);
        Ok(())
    }

    fn set_metadata(&mut self, key: &str, value: Option<String>) {
        let mut metadata = self.schema.metadata().clone();
        match value {
            Some(value) => metadata.insert(key.to_owned(), value),
            None => metadata.remove(key),
        };
        self.schema = Arc::new(Schema::new_with_metadata(self.schema.fields().clone(), metadata));
        let schema = &self.schema;
        self.batches = std::mem::take(&mut self.batches)
            .into_iter()
            // Only the metadata differs, so that every batch fits as it did before.
            .map(|batch| under(schema, batch.clone()).unwrap_or(batch))
            .collect();
    }

    /// The Arrow schema, metadata included.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The rows, all under [`schema`](Self::schema).
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// The rows alone.
    pub fn into_batches(self) -> Vec<RecordBatch> {
        self.batches
    }

    /// Rows over all batches.
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Number of fields.
    pub fn num_fields(&self) -> usize {
        self.infos.len()
    }

    /// The fields, in order.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldView<'_>> {
        let zipped = self.schema.fields().iter().zip(self.infos.iter());
        zipped.enumerate().map(|(index, (arrow, info))| FieldView { frame: self, index, arrow, info })
    }

    /// The field at a place, from 0.
    pub fn field(&self, index: usize) -> Option<FieldView<'_>> {
        let (arrow, info) = (self.schema.fields().get(index)?, self.infos.get(index)?);
        Some(FieldView { frame: self, index, arrow, info })
    }

    /// The first field with a name.
    pub fn field_named(&self, name: &str) -> Option<FieldView<'_>> {
        self.fields().find(|field| field.name() == name)
    }
}

/// The batch's columns under this schema. Shares the values.
fn under(schema: &SchemaRef, batch: RecordBatch) -> Result<RecordBatch, FrameError> {
    if Arc::ptr_eq(schema, batch.schema_ref()) {
        return Ok(batch);
    }
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(FrameError::Nulls { field: field.name().clone(), nulls: column.null_count() });
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)?)
}
