//! A frame from Grafana's JSON. The values are read typed, column by column, once the schema is known.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::read_column::{ColumnSource, column};
use super::schema::{FieldIn, SchemaIn};
use crate::limits::within;
use crate::{Column, Field, Frame, FrameError, ReadLimits};

#[derive(Deserialize)]
struct Document<'a> {
    // The order of keys is the writer's choice, and values mean nothing before the schema: both are read in a second step.
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    values: Option<Vec<&'a RawValue>>,
    entities: Option<Vec<Option<EntitiesIn>>>,
    #[serde(borrow)]
    nanos: Option<Vec<&'a RawValue>>,
}

/// Rows whose value JSON has no number for.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct EntitiesIn {
    #[serde(rename = "NaN")]
    pub(super) nan: Vec<usize>,
    #[serde(rename = "Inf")]
    pub(super) inf: Vec<usize>,
    #[serde(rename = "NegInf")]
    pub(super) neg_inf: Vec<usize>,
}

impl Frame {
    /// Reads one frame in Grafana's JSON form.
    ///
    /// # Errors
    /// Anything but one such document within the limits; a value that is not of its field's type; fields of different
    /// lengths; a null in a field that is not nullable, unless `entities` says what it stands for.
    pub fn from_json(json: &[u8], limits: &ReadLimits) -> Result<Self, FrameError> {
        within("max_bytes", json.len() as u64, limits.max_bytes)?;
        // Serde would take an array for an object.
        if json.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
            return Err(json_error(serde::de::Error::custom("it is no JSON object")));
        }
        let document: Document<'_> = serde_json::from_slice(json).map_err(json_error)?;
        let schema: SchemaIn = match document.schema {
            Some(schema) => {
                within("max_metadata_bytes", schema.get().len() as u64, limits.max_metadata_bytes)?;
                serde_json::from_str(schema.get()).map_err(json_error)?
            }
            None => SchemaIn::default(),
        };
        let data: Data<'_> = match document.data {
            Some(data) => serde_json::from_str(data.get()).map_err(json_error)?,
            None => Data::default(),
        };
        let fields = schema.fields.unwrap_or_default();
        within("max_columns", fields.len() as u64, limits.max_columns)?;
        let values = data.values.unwrap_or_default();
        if !values.is_empty() && values.len() != fields.len() {
            return Err(FrameError::RowWidth { found: values.len(), expected: fields.len() });
        }
        let entities = data.entities.unwrap_or_default();
        let nanos = data.nanos.unwrap_or_default();
        let mut builder = Self::builder(schema.name.unwrap_or_default()).ref_id(schema.ref_id.unwrap_or_default());
        if let Some(meta) = schema.meta {
            builder = builder.meta(meta);
        }
        for (index, field) in fields.into_iter().enumerate() {
            let source = ColumnSource {
                field: field.name.as_deref().unwrap_or_default(),
                field_type: field.type_info.frame,
                nullable: field.type_info.nullable,
                values: values.get(index).map_or("[]", |values| values.get()),
                entities: entities.get(index).and_then(Option::as_ref),
                nanos: nanos.get(index).map(|nanos| nanos.get()),
                max_rows: limits.max_rows,
            };
            let column =
                Column { array: column(&source)?, field_type: Some(source.field_type), nullable: source.nullable };
            builder = builder.column(described(field), column);
        }
        builder.build()
    }
}

fn described(field: FieldIn) -> Field {
    Field { name: field.name.unwrap_or_default(), labels: field.labels, config: field.config.map(Box::new) }
}

pub(super) fn json_error(source: serde_json::Error) -> FrameError {
    FrameError::Json { source }
}
