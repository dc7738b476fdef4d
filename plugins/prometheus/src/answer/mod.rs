//! What Prometheus answers, read from JSON straight into columns
//! (<https://prometheus.io/docs/prometheus/latest/querying/api/>).
//! Promises that no answer, however wrong, is more than an error, and that memory stays in proportion to its bytes.
//! Leaves HTTP to `upstream` and what users see to `frames`.

mod exemplars;
mod histogram;
mod result;
mod series;
mod value;

use std::borrow::Cow;
use std::ops::Deref;

use serde::Deserialize;

pub use exemplars::{Exemplar, ExemplarSeries};
pub use histogram::Histograms;
pub use result::{QueryData, ResultType, SeriesKind};
pub use series::{Series, join};

/// A series becomes a frame of some kilobytes, however short it is: so many are what an instance's memory holds.
pub const MAX_SERIES: usize = 20_000;

/// An answer that says yes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer<T> {
    /// What was asked for.
    pub data: T,
    /// What may be wrong with the result.
    pub warnings: Vec<String>,
    /// What may be wrong with the query.
    pub infos: Vec<String>,
}

/// An answer that says no, or that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Prometheus' own error, in the form Grafana shows it.
    #[error("{kind}: {message}")]
    Refused {
        /// `bad_data`, `execution`, `timeout`, `canceled`, `unavailable`, `not_found`, `internal` and what others add.
        kind: String,
        /// Its sentence.
        message: String,
    },
    /// Not an answer of the Prometheus API. The error says where.
    #[error("this is not an answer of the Prometheus API ({0})")]
    Malformed(#[from] serde_json::Error),
    /// Read as JSON, but it says neither yes nor no.
    #[error("this is not an answer of the Prometheus API (status is {0:?}, neither \"success\" nor \"error\")")]
    UnknownStatus(String),
    /// A success without the data.
    #[error("the answer says success and has no data")]
    NoData,
    /// More series than a frame each can be made of.
    #[error(
        "the answer has {actual} series, {MAX_SERIES} are the most: narrow the selector, or aggregate with sum by (…) or topk"
    )]
    TooManySeries {
        /// How many there are.
        actual: usize,
    },
}

/// Reads the answer to `api/v1/query` and `api/v1/query_range`.
pub fn read_query(body: &[u8]) -> Result<Answer<QueryData>, AnswerError> {
    let answer: Answer<result::Read> = read(body)?;
    let Answer { data, warnings, infos } = answer;
    match data {
        result::Read::Data(data) => Ok(Answer { data, warnings, infos }),
        result::Read::TooManySeries(actual) => Err(AnswerError::TooManySeries { actual }),
    }
}

/// Reads the answer to `api/v1/query_exemplars`.
pub fn read_exemplars(body: &[u8]) -> Result<Answer<Vec<ExemplarSeries>>, AnswerError> {
    read(body)
}

/// Reads any answer of the API whose `data` is a `T`.
pub fn read<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<Answer<T>, AnswerError> {
    let envelope: Envelope<'b, T> = serde_json::from_slice(body)?;
    match &*envelope.status {
        "success" => Ok(Answer {
            data: envelope.data.ok_or(AnswerError::NoData)?,
            warnings: envelope.warnings.unwrap_or_default(),
            infos: envelope.infos.unwrap_or_default(),
        }),
        "error" => Err(AnswerError::Refused { kind: envelope.error_type, message: envelope.error }),
        other => Err(AnswerError::UnknownStatus(other.to_owned())),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
struct Envelope<'a, T> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(default = "none")]
    data: Option<T>,
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Option<Vec<String>>,
    #[serde(default)]
    infos: Option<Vec<String>>,
}

/// `#[serde(default)]` would ask `T` for a default.
fn none<T>() -> Option<T> {
    None
}

/// A key of an object, borrowed from the answer unless it has escapes in it.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Key<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
