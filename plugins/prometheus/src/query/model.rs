//! The query model: Grafana's key names (`query.types.json` of its Prometheus data source).
//! Promises to take what dashboards of any age carry: null counts as absent, unknown keys are ignored.

use serde::{Deserialize, Deserializer};

/// A query as dashboards and API clients write it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QueryModel {
    /// PromQL, with Grafana's built-in variables still in it.
    #[serde(deserialize_with = "null_is_default")]
    pub expr: String,
    /// Asks for values over the whole time range. Also the meaning where neither this nor `instant` is set.
    #[serde(deserialize_with = "null_is_default")]
    pub range: bool,
    /// Asks for the values at the end of the time range.
    #[serde(deserialize_with = "null_is_default")]
    pub instant: bool,
    /// Asks for exemplars beside.
    #[serde(deserialize_with = "null_is_default")]
    pub exemplar: bool,
    /// Series names: a text with `{{label}}` in it, `__auto`, or empty for the series' own notation.
    #[serde(deserialize_with = "null_is_default")]
    pub legend_format: String,
    /// Shortest step, such as `15s`; a built-in interval variable is allowed.
    #[serde(deserialize_with = "null_is_default")]
    pub interval: String,
    /// Step suggested by the panel, in milliseconds.
    #[serde(deserialize_with = "null_is_default")]
    pub interval_ms: f64,
    /// Multiplies the step.
    #[serde(deserialize_with = "null_is_default")]
    pub interval_factor: f64,
    /// Offset from UTC of the zone whose days and hours the steps are to begin with, in seconds.
    #[serde(deserialize_with = "null_is_default")]
    pub utc_offset_sec: i64,
    /// What the client makes of the frames.
    #[serde(deserialize_with = "null_is_default")]
    pub format: Format,
}

/// How the client shows the answer. The frames are the same for all three: tables and heatmaps are made of them by the
/// client, in Grafana as here, and one that does so twice would make nonsense.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A line for each series.
    #[default]
    TimeSeries,
    /// A row for each value.
    Table,
    /// Cells of a histogram.
    Heatmap,
}

fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(json: D) -> Result<T, D::Error> {
    Option::deserialize(json).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dashboards_query_is_read_whatever_else_it_carries() {
        let model: QueryModel = serde_json::from_str(
            r#"{"expr":"up","range":true,"instant":null,"legendFormat":"{{job}}","interval":null,"intervalMs":15000,
                "intervalFactor":2,"utcOffsetSec":-3600,"format":"heatmap","editorMode":"code","datasource":{"uid":"x"},
                "refId":"A","hide":false}"#,
        )
        .unwrap();
        assert_eq!((model.range, model.instant, model.exemplar), (true, false, false));
        assert_eq!((model.interval_ms, model.interval_factor, model.utc_offset_sec), (15_000.0, 2.0, -3_600));
        assert_eq!((model.legend_format.as_str(), model.format), ("{{job}}", Format::Heatmap));
    }

    #[test]
    fn an_unknown_format_is_an_error() {
        assert!(serde_json::from_str::<QueryModel>(r#"{"format":"pie"}"#).is_err());
    }
}
