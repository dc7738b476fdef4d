//! A field from both sides: [`Field`] describes one that is to be built, [`FieldView`] shows one of a frame.
//! Labels and config travel as JSON in the Arrow field's metadata.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{Field as ArrowField, Metadata};
use serde::de::DeserializeOwned;

use crate::frame::Frame;
use crate::{EnumValue, FieldConfig, FieldType, FrameError, RawJson, Timestamp, Value};

/// Labels of a series, sorted by key as Grafana sorts them.
pub type Labels = BTreeMap<String, String>;

/// Keys of the metadata in an Arrow field.
pub(crate) mod key {
    pub(crate) const TSTYPE: &str = "tstype";
    pub(crate) const LABELS: &str = "labels";
    pub(crate) const CONFIG: &str = "config";
    /// Where Grafana 8 put the field's name.
    pub(crate) const NAME: &str = "name";
}

/// Name, labels and config of a field to be built. Type and nullability come from its column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Field {
    pub(crate) name: String,
    /// No labels and an empty set of them are written differently.
    pub(crate) labels: Option<Labels>,
    /// Boxed, because few fields have one and every field is moved about.
    pub(crate) config: Option<Box<FieldConfig>>,
}

impl Field {
    /// A field with a name. Names need not be unique.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Adds labels.
    #[must_use]
    pub fn labels<K: Into<String>, V: Into<String>>(self, labels: impl IntoIterator<Item = (K, V)>) -> Self {
        labels.into_iter().fold(self, |field, (key, value)| field.label(key, value))
    }

    /// Sets the config.
    #[must_use]
    pub fn config(mut self, config: FieldConfig) -> Self {
        self.config = Some(Box::new(config));
        self
    }

    /// The Arrow field that says all this.
    pub(crate) fn to_arrow(&self, field_type: FieldType, nullable: bool) -> Result<ArrowField, FrameError> {
        let mut metadata = Metadata::new().with(key::TSTYPE, field_type.tstype());
        if let Some(labels) = &self.labels {
            metadata.insert(key::LABELS, to_json(labels, || self.what(key::LABELS))?);
        }
        if let Some(config) = &self.config {
            metadata.insert(key::CONFIG, to_json(config, || self.what(key::CONFIG))?);
        }
        Ok(ArrowField::new(&self.name, field_type.arrow(), nullable).with_metadata(metadata))
    }

    fn what(&self, key: &str) -> String {
        format!("{key} of field `{}`", self.name)
    }
}

pub(crate) fn to_json(value: &impl serde::Serialize, what: impl Fn() -> String) -> Result<String, FrameError> {
    serde_json::to_string(value).map_err(|source| FrameError::Metadata { what: what(), source })
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str, what: impl Fn() -> String) -> Result<T, FrameError> {
    serde_json::from_str(text).map_err(|source| FrameError::Metadata { what: what(), source })
}

/// What a frame knows of a field beside its Arrow field: the metadata, parsed once.
#[derive(Debug)]
pub(crate) struct FieldInfo {
    pub(crate) field_type: FieldType,
    pub(crate) labels: Option<Labels>,
    pub(crate) config: Option<Box<FieldConfig>>,
}

impl FieldInfo {
    /// Reads an Arrow field whose type Grafana has.
    pub(crate) fn of(field: &ArrowField) -> Result<Self, FrameError> {
        let metadata = field.metadata();
        let parse = |key: &str| format!("{key} of field `{}`", field.name());
        let field_type = FieldType::from_arrow(field.data_type(), metadata.get(key::TSTYPE).map(String::as_str))
            .ok_or_else(|| FrameError::UnsupportedType {
                field: field.name().clone(),
                arrow: field.data_type().to_string(),
                cure: "cast it to one of Grafana's field types",
            })?;
        let labels = match metadata.get(key::LABELS) {
            Some(text) => from_json(text, || parse(key::LABELS))?,
            None => None,
        };
        let config = match metadata.get(key::CONFIG) {
            Some(text) => from_json(text, || parse(key::CONFIG))?,
            None => None,
        };
        Ok(Self { field_type, labels, config })
    }
}

/// One field of a frame: its description and its values.
#[derive(Debug, Clone, Copy)]
pub struct FieldView<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) index: usize,
    pub(crate) arrow: &'a Arc<ArrowField>,
    pub(crate) info: &'a FieldInfo,
}

impl<'a> FieldView<'a> {
    /// Name; need not be unique in the frame.
    pub fn name(&self) -> &'a str {
        match (self.arrow.name().as_str(), self.arrow.metadata().get(key::NAME)) {
            ("", Some(old)) => old,
            (name, _) => name,
        }
    }

    /// Place in the frame, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Type of the values.
    pub fn field_type(&self) -> FieldType {
        self.info.field_type
    }

    /// Whether nulls are allowed.
    pub fn nullable(&self) -> bool {
        self.arrow.is_nullable()
    }

    /// Labels, empty where there are none.
    pub fn labels(&self) -> &'a Labels {
        static NONE: Labels = Labels::new();
        self.info.labels.as_ref().unwrap_or(&NONE)
    }

    /// Config, if any.
    pub fn config(&self) -> Option<&'a FieldConfig> {
        self.info.config.as_deref()
    }

    /// The Arrow field.
    pub fn arrow(&self) -> &'a Arc<ArrowField> {
        self.arrow
    }

    /// The values, one array a record batch.
    pub fn chunks(&self) -> impl Iterator<Item = &'a ArrayRef> + use<'a> {
        let index = self.index;
        self.frame.batches().iter().filter_map(move |batch| batch.columns().get(index))
    }

    /// The values one by one, copied. For tables and tests; large results are read from [`chunks`](Self::chunks).
    pub fn values(&self) -> impl Iterator<Item = Value> + use<'a> {
        let field_type = self.info.field_type;
        self.chunks().flat_map(move |array| (0..array.len()).map(move |row| value_at(array, field_type, row)))
    }
}

/// The value at `row`, null where the row or the type is not there.
fn value_at(array: &ArrayRef, field_type: FieldType, row: usize) -> Value {
    if row >= array.len() || array.is_null(row) {
        return Value::Null;
    }
    macro_rules! primitive {
        ($arrow:ty) => {
            array.as_primitive_opt::<$arrow>().map(|array| array.value(row))
        };
    }
    match field_type {
        FieldType::Int8 => primitive!(Int8Type).into(),
        FieldType::Int16 => primitive!(Int16Type).into(),
        FieldType::Int32 => primitive!(Int32Type).into(),
        FieldType::Int64 => primitive!(Int64Type).into(),
        FieldType::Uint8 => primitive!(UInt8Type).into(),
        FieldType::Uint16 => primitive!(UInt16Type).into(),
        FieldType::Uint32 => primitive!(UInt32Type).into(),
        FieldType::Uint64 => primitive!(UInt64Type).into(),
        FieldType::Float32 => primitive!(Float32Type).into(),
        FieldType::Float64 => primitive!(Float64Type).into(),
        FieldType::String => array.as_string_opt::<i32>().map(|array| array.value(row)).into(),
        FieldType::Bool => array.as_boolean_opt().map(|array| array.value(row)).into(),
        FieldType::Time => primitive!(TimestampNanosecondType).map(Timestamp).into(),
        FieldType::Json => array.as_binary_opt::<i32>().map(|array| RawJson(array.value(row).to_vec())).into(),
        FieldType::Enum => primitive!(UInt16Type).map(EnumValue).into(),
    }
}
