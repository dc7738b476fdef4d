//! The query model and the settings that Grafana's SQL plugins share, with Grafana's keys. Keys that only editors read are
//! let through; what one plugin alone has is left to it.

use std::time::Duration;

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use wellhead_sdk::{DataQuery, Error, task};

use crate::{Dialect, MacroContext, parse_period};

/// A query as Grafana's SQL plugins have it. Null is the same as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SqlQuery {
    /// The SQL, macros in it. Empty: nothing is asked, and nothing answered.
    #[serde(deserialize_with = "or_default")]
    pub raw_sql: String,
    /// What the rows are to become.
    pub format: Format,
    /// True where the SQL was written by hand; absent counts as that.
    pub raw_query: Option<bool>,
    /// `code` or `builder`.
    #[serde(deserialize_with = "or_default")]
    pub editor_mode: String,
    /// What `$__table` stands for.
    #[serde(deserialize_with = "or_default")]
    pub table: String,
    /// What `$__column` stands for.
    #[serde(deserialize_with = "or_default")]
    pub column: String,
    /// The part of the rows that is wanted, for views of tables.
    pub page: Option<Page>,
}

/// Rows of a page. Pages fit together only where the query's order is total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Page {
    /// Rows at most.
    pub limit: u64,
    /// Rows before it.
    #[serde(default)]
    pub offset: u64,
}

fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

impl SqlQuery {
    /// True where nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.raw_sql.trim().is_empty()
    }

    /// What to expand the macros of this query with, in the server's dialect. `min_interval` is the data source's
    /// `timeInterval`: `$__interval` is not below it.
    pub fn macro_context(dialect: Dialect, query: &DataQuery<Self>, min_interval: Option<Duration>) -> MacroContext {
        MacroContext {
            time_range: query.time_range,
            interval: query.interval().max(min_interval.unwrap_or_default()),
            now: task::now(),
            table: query.model.table.clone(),
            column: query.model.column.clone(),
            // As Grafana's plugins do it, for `time_bucket('$__interval', …)`; that of ClickHouse does not.
            intervals_in_strings: dialect != Dialect::ClickHouse,
        }
    }
}

/// What the rows become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// `time_series`, and what is absent: a wide time series.
    #[default]
    TimeSeries,
    /// `table`: the rows as they are.
    Table,
    /// `logs`: the rows as they are, to be shown as log lines.
    Logs,
    /// `traces`: the rows as they are, to be shown as a trace.
    Traces,
}

/// By Grafana's names, or the numbers that its `sqlutil` writes.
impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "`time_series`, `table`, `logs` or `traces`";
        let value = serde_json::Value::deserialize(deserializer)?;
        let name = match &value {
            serde_json::Value::Null => "",
            serde_json::Value::String(name) => name.trim(),
            serde_json::Value::Number(number) => match number.as_u64() {
                Some(0) => "time_series",
                Some(1) => "table",
                Some(2) => "logs",
                Some(3) => "traces",
                _ => return Err(D::Error::invalid_value(Unexpected::Other(&number.to_string()), &EXPECTED)),
            },
            other => return Err(D::Error::invalid_type(Unexpected::Other(&other.to_string()), &EXPECTED)),
        };
        match name.to_ascii_lowercase().as_str() {
            "" | "time_series" | "timeseries" | "0" => Ok(Self::TimeSeries),
            "table" | "1" => Ok(Self::Table),
            "logs" | "2" => Ok(Self::Logs),
            "traces" | "trace" | "3" => Ok(Self::Traces),
            _ => Err(D::Error::invalid_value(Unexpected::Str(name), &EXPECTED)),
        }
    }
}

/// What the `jsonData` of Grafana's SQL data sources shares. A plugin's own settings hold it with `#[serde(flatten)]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SqlSettings {
    /// The database; where it is empty, the data source's own field counts.
    #[serde(deserialize_with = "or_default")]
    pub database: String,
    /// The smallest `$__interval`, such as `1m`.
    #[serde(deserialize_with = "or_default")]
    pub time_interval: String,
    /// The most connections; none or 0 is as many as the plugin may have.
    pub max_open_conns: Option<i64>,
    /// The most connections kept while nobody uses them.
    pub max_idle_conns: Option<i64>,
    /// Seconds that a connection lives; 0 is for ever.
    pub conn_max_lifetime: Option<i64>,
    /// Seconds that connecting may take; none or 0 is the plugin's choice.
    pub connection_timeout: Option<i64>,
}

impl SqlSettings {
    /// The smallest `$__interval`, `None` where it is not set.
    ///
    /// # Errors
    /// A text that is no period.
    pub fn min_interval(&self) -> Result<Option<Duration>, Error> {
        // Grafana's own form allows `>1m`, and a number alone is seconds.
        let text = self.time_interval.trim().trim_start_matches(['>', '<']).trim_end_matches('>');
        if text.is_empty() {
            return Ok(None);
        }
        if let Ok(seconds) = text.parse() {
            return Ok(Some(Duration::from_secs(seconds)));
        }
        let fail = |error| Error::bad_request(format_args!("jsonData.timeInterval: {error}"));
        parse_period(text, task::now()).map(Some).map_err(fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(json: &str) -> Result<SqlQuery, String> {
        let query = DataQuery { model: json.to_owned(), ..DataQuery::default() };
        query.typed().map(|query| query.model).map_err(|error| error.to_string())
    }

    #[test]
    fn a_model_has_grafanas_keys_and_an_absent_format_is_a_time_series() {
        let query = model(
            r#"{"rawSql":"SELECT 1","rawQuery":true,"editorMode":"code","refId":"A","sql":{"limit":50},"table":null}"#,
        );
        let expected = SqlQuery {
            raw_sql: "SELECT 1".to_owned(),
            raw_query: Some(true),
            editor_mode: "code".to_owned(),
            ..SqlQuery::default()
        };
        assert_eq!(query, Ok(expected));
        assert!(model("{}").unwrap().is_empty());
    }

    #[test]
    fn formats_have_names_and_numbers() {
        let format = |json: &str| model(&format!(r#"{{"format":{json}}}"#)).map(|query| query.format);
        for json in ["\"time_series\"", "\"timeseries\"", "\"\"", "null", "0"] {
            assert_eq!(format(json), Ok(Format::TimeSeries), "{json}");
        }
        assert_eq!([format("\"table\""), format("1")], [Ok(Format::Table), Ok(Format::Table)]);
        assert_eq!([format("\"logs\""), format("3")], [Ok(Format::Logs), Ok(Format::Traces)]);
        for (json, found) in [("\"heatmap\"", "string \"heatmap\""), ("9", "9"), ("true", "true")] {
            let error = format(json).unwrap_err();
            assert!(error.starts_with("query.format: invalid"), "{error}");
            assert!(
                error.contains(&format!("{found}, expected `time_series`, `table`, `logs` or `traces`")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_wrong_key_is_named() {
        assert!(model(r#"{"rawSql":5}"#).unwrap_err().starts_with("query.rawSql: invalid type"));
    }

    #[test]
    fn the_interval_is_not_below_the_data_sources() {
        let settings = |interval: &str| SqlSettings { time_interval: interval.to_owned(), ..SqlSettings::default() };
        let seconds = |interval: &str| settings(interval).min_interval().unwrap().map(|period| period.as_secs());
        assert_eq!([seconds(""), seconds("1m"), seconds(">30s"), seconds("15")], [None, Some(60), Some(30), Some(15)]);
        let error = settings("soon").min_interval().unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(error.message().starts_with("jsonData.timeInterval: \"soon\" is no period"), "{error}");

        let query = DataQuery { interval_ms: 1_000, ..DataQuery::default() };
        let interval = |min| SqlQuery::macro_context(Dialect::postgres(), &query, min).interval.as_secs();
        assert_eq!([interval(None), interval(seconds("1m").map(Duration::from_secs))], [1, 60]);
    }
}
