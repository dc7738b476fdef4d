//! What can be wrong with a frame, one enum for building, reading and writing.
//! Every message names the thing, the limit and the value, so that a plugin's author can act on it without the source.

use arrow_schema::ArrowError;

use crate::FieldType;

/// Why a frame could not be built, read, cast or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A bound of [`ReadLimits`](crate::ReadLimits), of a writer or of a builder was exceeded.
    #[error("frame exceeds the limit {limit}: {asked} asked, {allowed} allowed; make it smaller or raise the limit")]
    Limit {
        /// Name of the limit, as in the configuration.
        limit: &'static str,
        /// The most that is allowed.
        allowed: u64,
        /// What the frame has or announces; a lower bound where counting stopped early.
        asked: u64,
    },
    /// The columns of a frame, or of a JSON document, differ in length.
    #[error("field `{field}` has {rows} rows where the fields before it have {expected}: give every field the same")]
    Rows {
        /// Field name.
        field: String,
        /// Its rows.
        rows: usize,
        /// Rows of the fields before it.
        expected: usize,
    },
    /// An Arrow type that no Grafana field type stands for.
    #[error("field `{field}` has the Arrow type {arrow}, which Grafana does not read: {cure}")]
    UnsupportedType {
        /// Field name.
        field: String,
        /// The Arrow type.
        arrow: String,
        /// What to do.
        cure: &'static str,
    },
    /// Nulls in a field that says it has none.
    #[error("field `{field}` is not nullable and has {nulls} nulls: make the field nullable")]
    Nulls {
        /// Field name.
        field: String,
        /// How many.
        nulls: usize,
    },
    /// A row handed to a row builder is too short or too long.
    #[error("row has {found} values for {expected} fields")]
    RowWidth {
        /// Values in the row.
        found: usize,
        /// Fields of the builder.
        expected: usize,
    },
    /// A value of another type than its field's.
    #[error("field `{field}` of type {expected} cannot take {found}")]
    Value {
        /// Field name.
        field: String,
        /// The field's type.
        expected: FieldType,
        /// What was found, in words.
        found: String,
    },
    /// A value that its field's type cannot hold after a cast.
    #[error("field `{field}` row {row}: {problem}")]
    OutOfRange {
        /// Field name.
        field: String,
        /// Row, counted from 0 within the record batch.
        row: usize,
        /// What does not fit.
        problem: String,
    },
    /// A frame that is no time series of the kind that is needed.
    #[error("{needed} is needed, with a time field and values, but the frame is {found}")]
    NotTimeSeries {
        /// The kind that is needed.
        needed: &'static str,
        /// What the frame is.
        found: &'static str,
    },
    /// A time series with a time that is null.
    #[error(
        "field `{field}` row {row}: the time is null; a time series needs all of its times, so leave such rows out"
    )]
    NullTime {
        /// Field name.
        field: String,
        /// Row, counted from 0.
        row: usize,
    },
    /// A time series whose times go back.
    #[error("field `{field}` row {row}: the time is before that of the row above; sort the rows by time, ascending")]
    Unsorted {
        /// Field name.
        field: String,
        /// Row, counted from 0.
        row: usize,
    },
    /// Metadata (frame meta, labels, field config) that is not the JSON it should be.
    #[error("{what} is not valid metadata: {source}")]
    Metadata {
        /// Which metadata.
        what: String,
        /// The JSON error.
        source: serde_json::Error,
    },
    /// A json.RawMessage value that is not one JSON document.
    #[error("field `{field}` row {row} is not a JSON document: {problem}")]
    RawJson {
        /// Field name.
        field: String,
        /// Row, counted from 0.
        row: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Bytes that are neither an Arrow IPC stream nor an Arrow IPC file.
    #[error("not an Arrow IPC stream or file: {problem}")]
    NotIpc {
        /// What is wrong.
        problem: String,
    },
    /// Arrow IPC bytes that end early.
    #[error("Arrow IPC is truncated: {what} needs {needed} bytes, {left} are left")]
    Truncated {
        /// The part that is cut.
        what: &'static str,
        /// Bytes it announces.
        needed: u64,
        /// Bytes there are.
        left: u64,
    },
    /// Arrow IPC bytes that contradict themselves or the format.
    #[error("Arrow IPC is malformed: {problem}")]
    Malformed {
        /// What is wrong.
        problem: String,
    },
    /// Compressed bodies are refused rather than inflated.
    #[error("Arrow IPC body is compressed ({codec}): write it uncompressed")]
    Compressed {
        /// Codec named in the message.
        codec: &'static str,
    },
    /// A JSON document that is not a Grafana data frame.
    #[error("not a Grafana data frame in JSON: {source}")]
    Json {
        /// The JSON error, with line and column.
        source: serde_json::Error,
    },
    /// Arrow's own objection.
    #[error("Arrow: {0}")]
    Arrow(#[from] ArrowError),
    /// The writer handed in failed.
    #[error("writing a frame: {0}")]
    Io(#[from] std::io::Error),
}

impl FrameError {
    /// True for an exceeded limit, which callers report apart from malformed input.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::Limit { .. })
    }
}
