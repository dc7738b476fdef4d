//! How a field is displayed: Grafana's FieldConfig, with its key names (`data/field_config.go`, `frame.schema.json`).
//! Keys that are not named here are kept and written back as they came.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::number_form;

/// Display properties of a field. All are optional.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FieldConfig {
    /// Name that overrides every other. For users; a data source sets `display_name_from_ds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Name the data source proposes and a user may override.
    #[serde(rename = "displayNameFromDS", skip_serializing_if = "Option::is_none")]
    pub display_name_from_ds: Option<String>,
    /// Where the field is within the data source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The data can be filtered by another query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filterable: Option<bool>,
    /// The data source can write this value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writeable: Option<bool>,
    /// Grafana's name of the unit, such as `ms` or `bytes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Decimal places to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u16>,
    /// Least value; NaN and the infinities are null in JSON, and null reads as NaN.
    #[serde(with = "number_form::optional", skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Greatest value; as `min`.
    #[serde(with = "number_form::optional", skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Expected step between values, in the values' unit; milliseconds for time fields.
    #[serde(with = "number_form::optional", skip_serializing_if = "Option::is_none")]
    pub interval: Option<f64>,
    /// Value mappings, as Grafana has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mappings: Option<Value>,
    /// Values to states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<ThresholdsConfig>,
    /// Colour scheme, as Grafana has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<Value>,
    /// Where a click leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Vec<DataLink>>,
    /// Text for no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_value: Option<String>,
    /// What only one field type has.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<TypeConfig>,
    /// Panel options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Value>,
    /// Every other key.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl FieldConfig {
    /// The texts of an enum field, indexed by its values.
    pub fn enum_texts(&self) -> Option<&[String]> {
        Some(&self.type_.as_ref()?.enum_.as_ref()?.text)
    }

    /// A config whose enum texts are these.
    pub fn with_enum_texts(texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let enum_ = EnumType { text: texts.into_iter().map(Into::into).collect(), ..EnumType::default() };
        Self { type_: Some(TypeConfig { enum_: Some(enum_), ..TypeConfig::default() }), ..Self::default() }
    }
}

/// Config of one field type; at most one member is set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TypeConfig {
    /// For enum fields.
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub enum_: Option<EnumType>,
    /// For time offsets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_frame: Option<DataFrameType>,
    /// Every other key.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What an enum field's values stand for; each list is indexed by the value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnumType {
    /// Display text.
    pub text: Vec<String>,
    /// Colour, empty for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<Vec<String>>,
    /// Icon, empty for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<Vec<String>>,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Vec<String>>,
    /// Every other key.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Config of a field of time offsets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DataFrameType {
    /// Start in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<i64>,
    /// Nanoseconds added to the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nano_offset: Option<i64>,
    /// `ns`, `us`, `ms`, `s`, `m` or `h`.
    pub offset_unit: String,
    /// Every other key.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Where a click on a value leads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DataLink {
    /// Text of the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Opens in a new tab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_blank: Option<bool>,
    /// Where to, with Grafana's variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Every other key, `internal` among them.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Values to states.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ThresholdsConfig {
    /// What a step's value is compared with.
    pub mode: ThresholdsMode,
    /// Sorted by value; the first is minus infinity.
    pub steps: Vec<Threshold>,
    /// Every other key.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What a threshold is compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThresholdsMode {
    /// The value.
    #[default]
    Absolute,
    /// The value's place between min and max.
    Percentage,
}

/// One step of the thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Threshold {
    /// From here up; null in JSON where it is not finite.
    #[serde(with = "number_form::float")]
    pub value: f64,
    /// Colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Name of the state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Every other key.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Default for Threshold {
    fn default() -> Self {
        Self { value: f64::NEG_INFINITY, color: None, state: None, other: Map::new() }
    }
}
