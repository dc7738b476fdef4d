//! What is known about a frame as a whole: Grafana's FrameMeta, with its key names (`frame.schema.json`).
//! Keys that are not named here are kept and written back as they came.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{FieldConfig, number_form};

/// Metadata of a frame.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FrameMeta {
    /// Kind of frame, which says what its fields mean.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<FrameType>,
    /// Version of that kind, major and minor. Always written.
    pub type_version: [u32; 2],
    /// Where the frame is within the data source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Separator in `path`, `/` where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_separator: Option<String>,
    /// The data source's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Value>,
    /// Figures about the query.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stats: Vec<Stat>,
    /// What the user should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// Live channel that goes on where this frame ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// `graph`, `table`, `logs`, `trace`, `nodeGraph` or `flamegraph`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_visualisation_type: Option<String>,
    /// Id of the panel plugin to prefer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_visualisation_plugin_id: Option<String>,
    /// The query as it was sent, macros expanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executed_query_string: Option<String>,
    /// Topic of the frame where it is not plain data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_topic: Option<DataTopic>,
    /// Indexes of the fields that make a row unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_row_id_fields: Option<Vec<u32>>,
    /// Every other key.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl FrameMeta {
    /// Metadata of a frame of this kind and version.
    pub fn of(type_: FrameType, type_version: [u32; 2]) -> Self {
        Self { type_: Some(type_), type_version, ..Self::default() }
    }

    /// Adds a notice.
    #[must_use]
    pub fn with_notice(mut self, notice: Notice) -> Self {
        self.notices.push(notice);
        self
    }
}

/// Kind of a frame: Grafana's data plane contract.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameType {
    /// `timeseries-wide`: one time field, one field a series
    TimeseriesWide,
    /// `timeseries-long`: one time field, dimensions as string fields
    TimeseriesLong,
    /// `timeseries-many`: the old name of multi
    TimeseriesMany,
    /// `timeseries-multi`: one series a frame
    TimeseriesMulti,
    /// `numeric-wide`: one row, one field a number
    NumericWide,
    /// `numeric-long`: one row a number, dimensions as string fields
    NumericLong,
    /// `numeric-multi`: one number a frame
    NumericMulti,
    /// `log-lines`
    LogLines,
    /// `table`
    Table,
    /// `directory-listing`
    DirectoryListing,
    /// Any other, such as `heatmap-cells`
    Other(String),
}

impl FrameType {
    /// Grafana's name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::TimeseriesWide => "timeseries-wide",
            Self::TimeseriesLong => "timeseries-long",
            Self::TimeseriesMany => "timeseries-many",
            Self::TimeseriesMulti => "timeseries-multi",
            Self::NumericWide => "numeric-wide",
            Self::NumericLong => "numeric-long",
            Self::NumericMulti => "numeric-multi",
            Self::LogLines => "log-lines",
            Self::Table => "table",
            Self::DirectoryListing => "directory-listing",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for FrameType {
    fn from(name: &str) -> Self {
        match name {
            "timeseries-wide" => Self::TimeseriesWide,
            "timeseries-long" => Self::TimeseriesLong,
            "timeseries-many" => Self::TimeseriesMany,
            "timeseries-multi" => Self::TimeseriesMulti,
            "numeric-wide" => Self::NumericWide,
            "numeric-long" => Self::NumericLong,
            "numeric-multi" => Self::NumericMulti,
            "log-lines" => Self::LogLines,
            "table" => Self::Table,
            "directory-listing" => Self::DirectoryListing,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl Serialize for FrameType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FrameType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?.as_str()))
    }
}

/// A figure about the query, such as rows read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stat {
    /// Its name, unit and the like.
    #[serde(flatten)]
    pub config: FieldConfig,
    /// Its value; null in JSON where it is not finite.
    #[serde(with = "number_form::float", default)]
    pub value: f64,
}

impl Stat {
    /// A figure with a name.
    pub fn new(name: impl Into<String>, value: f64) -> Self {
        Self { config: FieldConfig { display_name: Some(name.into()), ..FieldConfig::default() }, value }
    }
}

/// Something the user should know about the data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Notice {
    /// How bad it is.
    pub severity: Severity,
    /// What to show.
    pub text: String,
    /// Where to read more: a URL, or a path under Grafana's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Tab of the panel inspector to propose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspect: Option<InspectTab>,
    /// Every other key.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Notice {
    /// A notice with a text alone.
    pub fn new(severity: Severity, text: impl Into<String>) -> Self {
        Self { severity, text: text.into(), ..Self::default() }
    }
}

/// How bad a notice is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For the curious.
    #[default]
    Info,
    /// The data may be incomplete.
    Warning,
    /// The data is wrong or missing.
    Error,
}

/// A tab of the panel inspector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InspectTab {
    /// None in particular.
    #[default]
    #[serde(rename = "")]
    None,
    /// Metadata.
    Meta,
    /// Error.
    Error,
    /// Data.
    Data,
    /// Statistics.
    Stats,
}

/// Topic of a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataTopic {
    /// Plain data.
    #[default]
    #[serde(rename = "")]
    Series,
    /// Annotations.
    Annotations,
}
