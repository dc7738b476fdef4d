//! The query model: the keys of Grafana's test data source that the scenarios here read, and few of our own.

use serde::{Deserialize, Serialize};

/// What is asked for. Editors send `null` for what is not set, hence the options.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Query {
    pub(crate) scenario_id: Scenario,
    /// The scenario's own argument: a duration, values, a message.
    pub(crate) string_input: Option<String>,
    /// Name of the series.
    pub(crate) alias: Option<String>,
    /// `{job="foo", n=$seriesIndex}`
    pub(crate) labels: Option<String>,
    pub(crate) series_count: Option<u32>,
    /// Another seed, another walk; without one the time range is the seed, as in Grafana.
    pub(crate) seed: Option<u64>,
    pub(crate) start_value: Option<f64>,
    pub(crate) spread: Option<f64>,
    pub(crate) noise: Option<f64>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    /// 0 to 100: how many points are left out.
    pub(crate) drop_percent: Option<f64>,
    /// Whether a random walk table has nulls.
    pub(crate) with_nil: Option<bool>,
    pub(crate) csv_content: Option<String>,
    /// Log lines.
    pub(crate) lines: Option<u32>,
    /// Rows of the scenario `rows`.
    pub(crate) rows: Option<u64>,
    pub(crate) pulse_wave: Option<PulseWave>,
    pub(crate) error_source: Option<BlamedSource>,
    /// Path of the live channel that the scenario `live` points to.
    pub(crate) channel: Option<String>,
}

/// A pulse: so many points on, so many off, again and again since the epoch.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PulseWave {
    /// Seconds between points.
    pub(crate) time_step: u32,
    pub(crate) on_count: u32,
    pub(crate) off_count: u32,
    pub(crate) on_value: Level,
    pub(crate) off_value: Level,
}

/// A number, or a word for what JSON has no number for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Level {
    Number(f64),
    Word(LevelWord),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LevelWord {
    Null,
    Nan,
}

impl Level {
    pub(crate) fn value(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Word(LevelWord::Nan) => Some(f64::NAN),
            Self::Word(LevelWord::Null) => None,
        }
    }
}

/// Whose fault a made-up error is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BlamedSource {
    #[default]
    Plugin,
    Downstream,
}

/// What can be asked for, by Grafana's ids where Grafana has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scenario {
    AllFieldTypes,
    CsvContent,
    CsvMetricValues,
    DatapointsOutsideRange,
    Empty,
    ErrorWithSource,
    Live,
    Logs,
    NoDataPoints,
    PredictablePulse,
    QueryMeta,
    #[default]
    RandomWalk,
    RandomWalkTable,
    RandomWalkWithError,
    Rows,
    #[serde(rename = "server_error_500")]
    ServerError500,
    ServerPanic,
    SlowQuery,
    TableStatic,
}

/// How a scenario is presented to editors.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Card {
    pub(crate) id: Scenario,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) string_input: &'static str,
}

const fn card(id: Scenario, name: &'static str, string_input: &'static str, description: &'static str) -> Card {
    Card { id, name, description, string_input }
}

/// All scenarios, by id.
pub(crate) const CARDS: &[Card] = &[
    card(
        Scenario::AllFieldTypes,
        "All Field Types",
        "",
        "Every field type, nullable and not, with NaN and infinities.",
    ),
    card(Scenario::CsvContent, "CSV Content", "", "csvContent as a table, types guessed from the values."),
    card(Scenario::CsvMetricValues, "CSV Metric Values", "1,20,90,30,5,0", "Values spread over the time range."),
    card(Scenario::DatapointsOutsideRange, "Datapoints Outside Range", "", "One point, an hour too early."),
    card(Scenario::Empty, "Empty", "", "No frame, at once: what a query costs that does nothing."),
    card(Scenario::ErrorWithSource, "Error with source", "", "An error that is errorSource's fault."),
    card(
        Scenario::Live,
        "Grafana Live",
        "",
        "No rows, and the name of the live channel in which they come: random-2s-stream, or what channel says.",
    ),
    card(Scenario::Logs, "Logs", "", "Log lines, the latest first."),
    card(Scenario::NoDataPoints, "No Data Points", "", "A series without a point."),
    card(
        Scenario::PredictablePulse,
        "Predictable Pulse",
        "",
        "A wave of pulseWave's on and off points, counted from the epoch, so that it is the same whatever the time range.",
    ),
    card(Scenario::QueryMeta, "Query Metadata", "", "Who asks, as far as the host says."),
    card(Scenario::RandomWalk, "Random Walk", "", "Series that go up and down by chance; a seed makes another chance."),
    card(Scenario::RandomWalkTable, "Random Walk Table", "", "A walk with its bounds and words about it."),
    card(Scenario::RandomWalkWithError, "Random Walk (with error)", "", "Frames, and an error beside them."),
    card(Scenario::Rows, "Rows", "", "rows × seriesCount values, made while they are sent: for results of any size."),
    card(
        Scenario::ServerError500,
        "Conditional Error",
        "1,20,90,30,5,0",
        "An error of status 500 when the String Input field is empty.",
    ),
    card(Scenario::ServerPanic, "Server Panic", "", "Ends the plugin's instance, to see what the host makes of it."),
    card(Scenario::SlowQuery, "Slow Query", "5s", "A random walk after the duration in the String Input field."),
    card(Scenario::TableStatic, "Table Static", "", "Ten rows that are always the same."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_sdk::serde_json;

    #[test]
    fn cards_manifest_and_queries_know_the_same_scenarios() {
        let cards: Vec<serde_json::Value> = CARDS.iter().map(|card| serde_json::to_value(card.id).unwrap()).collect();
        let manifest: serde_json::Value = serde_json::from_str(include_str!("../plugin.json")).unwrap();
        let schema = &manifest["wellhead"]["querySchema"]["properties"]["scenarioId"]["enum"];
        assert_eq!(schema, &serde_json::Value::from(cards.clone()));
        // The one place where serde names all variants.
        let unknown = serde_json::from_str::<Scenario>(r#""?""#).unwrap_err().to_string();
        let known: Vec<&str> = unknown.split('`').skip(3).step_by(2).collect();
        assert_eq!(serde_json::Value::from(known), serde_json::Value::from(cards));
    }

    #[test]
    fn a_query_of_grafanas_editor_is_read() {
        let query: Query = serde_json::from_str(
            r#"{"refId":"A","scenarioId":"predictable_pulse","seriesCount":null,"alias":"","unknown":[1],
                "pulseWave":{"timeStep":60,"onCount":3,"onValue":"nan","offCount":2,"offValue":"null"}}"#,
        )
        .unwrap();
        let wave = query.pulse_wave.unwrap();
        assert!(wave.on_value.value().unwrap().is_nan());
        assert_eq!(wave.off_value.value(), None);
    }
}
