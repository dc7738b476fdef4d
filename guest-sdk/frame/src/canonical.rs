//! The plan that takes batches of one schema to Grafana's types. Made once a frame, used for every batch.
//! What each type is cast to is left to `cast`; without that feature a type Grafana does not have is an error.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, FieldRef, Schema, SchemaRef};

use crate::field::{FieldInfo, key};
use crate::{FieldConfig, FieldType, FrameError, ReadLimits};

#[cfg(feature = "cast")]
use crate::cast::Cast;
#[cfg(not(feature = "cast"))]
use no_cast::Cast;

/// From the schema that came to the one a frame has.
pub(crate) struct Canonical {
    schema: SchemaRef,
    casts: Arc<[Option<Cast>]>,
    keeps_types: bool,
}

impl Canonical {
    /// A plan for a schema.
    ///
    /// # Errors
    /// A type that can neither stay nor be cast, metadata that does not parse.
    pub(crate) fn of(raw: &Schema) -> Result<Self, FrameError> {
        let (fields, casts) = raw
            .fields()
            .iter()
            .map(|field| {
                let tstype = field.metadata().get(key::TSTYPE).map(String::as_str);
                match FieldType::from_arrow(field.data_type(), tstype) {
                    Some(field_type) => Ok((described(field, field_type), None)),
                    None => {
                        let cast = Cast::of(field)?;
                        Ok((cast_field(field, &cast)?, Some(cast)))
                    }
                }
            })
            .collect::<Result<(Vec<_>, Vec<_>), FrameError>>()?;
        let schema = Arc::new(Schema::new_with_metadata(fields, raw.metadata().clone()));
        let same = |(raw, field): (&FieldRef, &FieldRef)| raw.data_type() == field.data_type();
        let keeps_types = raw.fields().iter().zip(schema.fields()).all(same);
        Ok(Self { schema, casts: casts.into(), keeps_types })
    }

    /// The same to a schema that differs from [`schema`](Self::schema) in the frame's metadata alone.
    pub(crate) fn to(&self, schema: SchemaRef) -> Self {
        Self { schema, casts: self.casts.clone(), keeps_types: self.keeps_types }
    }

    /// Whether what comes can be decoded under [`schema`](Self::schema), and needs no cast.
    pub(crate) fn keeps_types(&self) -> bool {
        self.keeps_types
    }

    /// The schema of the batches that come out.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Casts one batch of the schema that came; one that is under [`schema`](Self::schema) already stays as it is.
    pub(crate) fn batch(&self, batch: RecordBatch, limits: &ReadLimits) -> Result<RecordBatch, FrameError> {
        if Arc::ptr_eq(&self.schema, batch.schema_ref()) {
            return Ok(batch);
        }
        let mut budget = limits.max_cast_bytes;
        let columns = batch.columns().iter().zip(self.casts.iter()).zip(batch.schema_ref().fields());
        let columns = columns
            .map(|((column, cast), field)| match cast {
                Some(cast) => cast.apply(field, column, limits.max_cast_bytes, &mut budget),
                None => Ok(column.clone()),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }
}

/// The field with the metadata Grafana looks for; old writers left `tstype` out.
fn described(field: &Field, field_type: FieldType) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(key::TSTYPE.to_owned(), field_type.tstype().to_owned());
    Field::new(field.name(), field_type.arrow(), field.is_nullable()).with_metadata(metadata)
}

fn cast_field(field: &Field, cast: &Cast) -> Result<Field, FrameError> {
    let mut canonical = described(field, cast.field_type());
    canonical.set_nullable(field.is_nullable() || cast.makes_nulls());
    if let Some(unit) = cast.unit() {
        let mut config = FieldInfo::of(&canonical)?.config.unwrap_or_default();
        config.unit.get_or_insert_with(|| unit.to_owned());
        set_config(&mut canonical, &config)?;
    }
    Ok(canonical)
}

fn set_config(field: &mut Field, config: &FieldConfig) -> Result<(), FrameError> {
    let text = crate::field::to_json(config, || format!("config of field `{}`", field.name()))?;
    let mut metadata = field.metadata().clone();
    metadata.insert(key::CONFIG.to_owned(), text);
    field.set_metadata(metadata);
    Ok(())
}

/// Stands in for the casts: none can be made, so none need be applied.
#[cfg(not(feature = "cast"))]
mod no_cast {
    use arrow_array::ArrayRef;
    use arrow_schema::Field;

    use crate::{FieldType, FrameError};

    pub(crate) enum Cast {}

    impl Cast {
        pub(crate) fn of(field: &Field) -> Result<Self, FrameError> {
            Err(FrameError::UnsupportedType {
                field: field.name().clone(),
                arrow: field.data_type().to_string(),
                cure: "cast it, or read it with the feature `cast`",
            })
        }

        pub(crate) fn field_type(&self) -> FieldType {
            match *self {}
        }

        pub(crate) fn makes_nulls(&self) -> bool {
            match *self {}
        }

        pub(crate) fn unit(&self) -> Option<&'static str> {
            match *self {}
        }

        pub(crate) fn apply(&self, _: &Field, _: &ArrayRef, _: usize, _: &mut usize) -> Result<ArrayRef, FrameError> {
            match *self {}
        }
    }
}
