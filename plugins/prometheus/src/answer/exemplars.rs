//! The answer of `api/v1/query_exemplars`: `[{"seriesLabels": {…}, "exemplars": [{"labels", "value", "timestamp"}, …]}]`.

use serde::Deserialize;
use wellhead_sdk::frame::{Labels, Timestamp};

use super::value::{Instant, Number};

/// The exemplars of one series.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExemplarSeries {
    /// Labels of the series, `__name__` among them.
    pub series_labels: Labels,
    /// Its exemplars, in the order of their time.
    pub exemplars: Vec<Exemplar>,
}

/// One observation that stands for others.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "ExemplarJson")]
pub struct Exemplar {
    /// Its own labels, a trace's id as a rule.
    pub labels: Labels,
    /// What was observed.
    pub value: f64,
    /// When.
    pub time: Timestamp,
}

#[derive(Deserialize)]
struct ExemplarJson {
    #[serde(default)]
    labels: Labels,
    value: Number,
    timestamp: Instant,
}

impl From<ExemplarJson> for Exemplar {
    fn from(json: ExemplarJson) -> Self {
        let (Number(value), Instant(time)) = (json.value, json.timestamp);
        Self { labels: json.labels, value, time }
    }
}
