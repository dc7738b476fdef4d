//! The data source's settings: Grafana's key names where Grafana has the setting, two of our own for splitting.
//! Promises that a wrong value is an error that names its key. Secrets are none of it: the host signs requests.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer};
use wellhead_sdk::Error;

use crate::query::parse_duration;

/// Requests of one split query that run side by side, unless the settings say otherwise.
const SPLIT_CONCURRENCY: u32 = 4;
/// More would only queue in the server, whose own bound is 20 queries unless it is told otherwise.
const MOST_SPLIT_CONCURRENCY: u32 = 16;

/// `jsonData` as it is stored.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JsonData {
    /// `GET` or `POST`; empty means POST.
    #[serde(deserialize_with = "null_is_default")]
    pub http_method: String,
    /// How often the server scrapes, such as `15s`.
    #[serde(deserialize_with = "null_is_default")]
    pub time_interval: String,
    /// How long the server may take over a query.
    #[serde(deserialize_with = "null_is_default")]
    pub query_timeout: String,
    /// Parameters for every request, as in a URL: `a=b&c=d`.
    #[serde(deserialize_with = "null_is_default")]
    pub custom_query_parameters: String,
    /// How long metadata stays in the cache.
    #[serde(deserialize_with = "null_is_default")]
    pub cache_level: CacheLevel,
    /// Asks the server for statistics about each query.
    #[serde(deserialize_with = "null_is_default")]
    pub query_stats_enabled: bool,
    /// Longest range asked for at once; longer ones are split. Empty means never. Not a key of Grafana's.
    #[serde(deserialize_with = "null_is_default")]
    pub split_duration: String,
    /// How many parts of a split range are asked for side by side. Not a key of Grafana's.
    #[serde(deserialize_with = "null_is_default")]
    pub split_concurrency: u32,
}

/// How long metadata may be old, and to what its time range is rounded, so that requests made soon after each other
/// are the same. Grafana's editor does so by these names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum CacheLevel {
    /// A minute.
    #[default]
    Low,
    /// Ten minutes.
    Medium,
    /// An hour.
    High,
    /// Not at all.
    None,
}

impl CacheLevel {
    /// How long an answer is kept; None where it is not.
    pub fn ttl(self) -> Option<Duration> {
        let minutes = match self {
            Self::Low => 1,
            Self::Medium => 10,
            Self::High => 60,
            Self::None => return None,
        };
        Some(Duration::from_secs(minutes * 60))
    }
}

/// How a request carries its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// In the URL.
    Get,
    /// In a form; long queries fit.
    Post,
}

/// The settings, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How requests are made.
    pub http_method: HttpMethod,
    /// How often the server scrapes, if said.
    pub scrape_interval: Option<Duration>,
    /// `timeout` of every query, if said.
    pub query_timeout: Option<Duration>,
    /// Parameters for every request.
    pub custom_query_parameters: Vec<(String, String)>,
    /// How long metadata stays in the cache.
    pub cache_level: CacheLevel,
    /// Asks for statistics about each query.
    pub query_stats: bool,
    /// Longest range asked for at once.
    pub split_duration: Option<Duration>,
    /// How many parts are asked for side by side.
    pub split_concurrency: usize,
}

impl TryFrom<JsonData> for Settings {
    type Error = Error;

    fn try_from(json: JsonData) -> Result<Self, Error> {
        let http_method = match json.http_method.trim().to_ascii_uppercase().as_str() {
            "" | "POST" => HttpMethod::Post,
            "GET" => HttpMethod::Get,
            _ => {
                return Err(Error::bad_request(format_args!(
                    "jsonData.httpMethod is {:?}: it is GET or POST",
                    json.http_method
                )));
            }
        };
        let split_concurrency = match json.split_concurrency {
            0 => SPLIT_CONCURRENCY,
            more if more > MOST_SPLIT_CONCURRENCY => {
                return Err(Error::bad_request(format_args!(
                    "jsonData.splitConcurrency is {more}: {MOST_SPLIT_CONCURRENCY} is the most"
                )));
            }
            some => some,
        };
        Ok(Self {
            http_method,
            scrape_interval: duration("timeInterval", &json.time_interval)?,
            query_timeout: duration("queryTimeout", &json.query_timeout)?,
            custom_query_parameters: pairs(&json.custom_query_parameters),
            cache_level: json.cache_level,
            query_stats: json.query_stats_enabled,
            split_duration: duration("splitDuration", &json.split_duration)?,
            split_concurrency: split_concurrency as usize,
        })
    }
}

/// A duration that may be left out. Zero counts as left out: editors send `0s` for an empty field.
fn duration(key: &str, text: &str) -> Result<Option<Duration>, Error> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let duration = parse_duration(text).map_err(|error| Error::bad_request(format_args!("jsonData.{key}: {error}")))?;
    Ok(Some(duration).filter(|duration| !duration.is_zero()))
}

/// The pairs of a form or of the query of a URL.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.trim_start_matches('?')
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(json: D) -> Result<T, D::Error> {
    Option::deserialize(json).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Settings, Error> {
        serde_json::from_str::<JsonData>(json).unwrap().try_into()
    }

    #[test]
    fn nothing_set_means_grafanas_defaults() {
        let settings = read(r#"{"timeInterval":null,"prometheusVersion":"2.50.0","queryTimeout":"0s"}"#).unwrap();
        let expected = Settings {
            http_method: HttpMethod::Post,
            scrape_interval: None,
            query_timeout: None,
            custom_query_parameters: Vec::new(),
            cache_level: CacheLevel::Low,
            query_stats: false,
            split_duration: None,
            split_concurrency: 4,
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn everything_grafana_stores_is_read() {
        let settings = read(
            r#"{"httpMethod":"get","timeInterval":"30s","queryTimeout":"2m","customQueryParameters":"a=b+c&d=%26&e",
                "cacheLevel":"High","queryStatsEnabled":true,"splitDuration":"1d","splitConcurrency":2}"#,
        )
        .unwrap();
        assert_eq!((settings.http_method, settings.cache_level), (HttpMethod::Get, CacheLevel::High));
        assert_eq!(settings.scrape_interval, Some(Duration::from_secs(30)));
        assert_eq!(settings.query_timeout, Some(Duration::from_secs(120)));
        assert_eq!((settings.split_duration, settings.split_concurrency), (Some(Duration::from_secs(86_400)), 2));
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(settings.custom_query_parameters, [pair("a", "b c"), pair("d", "&"), pair("e", "")]);
    }

    #[test]
    fn a_wrong_value_names_its_key() {
        let cases = [
            (r#"{"httpMethod":"PUT"}"#, "jsonData.httpMethod is \"PUT\""),
            (r#"{"timeInterval":"often"}"#, "jsonData.timeInterval: \"often\" is not a duration"),
            (r#"{"splitConcurrency":17}"#, "jsonData.splitConcurrency is 17: 16 is the most"),
        ];
        for (json, expected) in cases {
            let error = read(json).unwrap_err();
            assert_eq!(error.status(), 400);
            assert!(error.message().contains(expected), "{error}");
        }
    }
}
