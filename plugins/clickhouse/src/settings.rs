//! What a data source's settings say, by the keys of Grafana's ClickHouse plugin.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::time::Duration;
use wellhead_sdk::http::Http;
use wellhead_sdk::{Error, InstanceSettings};
use wellhead_sql::{DEFAULT_ROW_LIMIT, SqlSettings};

/// How long a query may take unless the settings say more: Grafana's.
const QUERY_TIMEOUT: u64 = 60;
/// How long reaching the server may take: Grafana's.
const DIAL_TIMEOUT: u64 = 10;

/// Bytes of an answer that is read whole, to a question of the plugin's own: a list of tables, the types of columns. Such
/// values take many times as much memory as their text.
const MAX_ANSWER: usize = 4 << 20;

/// `jsonData`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JsonData {
    /// What all SQL data sources have.
    #[serde(flatten)]
    pub sql: SqlSettings,
    /// Said beside the URL by Grafana; for the message where there is no URL.
    pub host: String,
    /// Likewise.
    #[serde(deserialize_with = "number")]
    pub port: Option<u64>,
    /// Likewise: TLS.
    pub secure: bool,
    /// `http`; the URL counts, so that `native` is let through.
    pub protocol: String,
    /// Below the URL.
    pub path: String,
    /// Who logs in; `default` where it is empty, and the data source's own user is too.
    pub username: String,
    /// The database of names without one.
    pub default_database: String,
    /// Seconds that a query may take.
    #[serde(deserialize_with = "number")]
    pub query_timeout: Option<u64>,
    /// Seconds that the server may take to begin its answer to the health check.
    #[serde(deserialize_with = "number")]
    pub dial_timeout: Option<u64>,
    /// The server's settings for every query; those that say in which form rows come are the plugin's own.
    pub custom_settings: Vec<CustomSetting>,
    /// Headers for every request.
    pub http_headers: Vec<HttpHeader>,
    /// Rows of one query at most.
    pub row_limit: Option<usize>,
    /// Answers come compressed: for slow ways.
    pub enable_http_compression: bool,
}

/// One of the server's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CustomSetting {
    /// Its name.
    pub setting: String,
    /// Its value.
    pub value: String,
}

/// A header; the value of a secure one is the secret `secureHttpHeaders.NAME`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HttpHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether the value is a secret.
    pub secure: bool,
}

/// Grafana's forms write numbers as text at times; an empty one is none.
fn number<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u64>, D::Error> {
    use serde::de::Error as _;
    match Value::deserialize(value)? {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => {
            text.trim().parse().map(Some).map_err(|_| D::Error::custom(format!("{text:?} is no whole number")))
        }
        Value::Number(number) => {
            let whole = number.as_u64().ok_or_else(|| D::Error::custom(format!("{number} is no whole number")))?;
            Ok(Some(whole))
        }
        other => Err(D::Error::custom(format!("{other} is no number"))),
    }
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the server is, as the user wrote it; for messages.
    pub address: String,
    /// Below the URL, without slashes around it.
    pub path: String,
    /// Who logs in.
    pub user: String,
    /// The database of names without one; empty is the user's own.
    pub database: String,
    /// How long a query may take.
    pub query_timeout: Duration,
    /// How long the health check waits.
    pub dial_timeout: Duration,
    /// The server's settings for every query; those that say in which form rows come are the plugin's own.
    pub custom: Vec<(String, String)>,
    /// Rows of one query at most.
    pub row_limit: usize,
    /// Answers come compressed.
    pub compressed: bool,
}

impl Settings {
    /// Reads and checks them.
    ///
    /// # Errors
    /// What is missing or cannot be had, by its key, with the cure.
    pub fn new(settings: &InstanceSettings<JsonData>) -> Result<Self, Error> {
        let json = &settings.json_data;
        let address = settings.url.trim();
        if address.is_empty() {
            return Err(Error::bad_request(format_args!(
                "url is empty: set it to the HTTP interface, {}",
                proposal(json)
            )));
        }
        let seconds =
            |value: Option<u64>, default| Duration::from_secs(value.filter(|value| *value > 0).unwrap_or(default));
        let database = [&json.default_database, &json.sql.database, &settings.database];
        let user = [&json.username, &settings.user];
        let first = |texts: &[&String]| texts.iter().find(|text| !text.is_empty()).map(|text| (*text).clone());
        let custom = json.custom_settings.iter().filter(|custom| !custom.setting.trim().is_empty());
        Ok(Self {
            address: address.to_owned(),
            path: json.path.trim_matches('/').to_owned(),
            user: first(&user).unwrap_or_else(|| "default".to_owned()),
            database: first(&database).unwrap_or_default(),
            query_timeout: seconds(json.query_timeout, QUERY_TIMEOUT),
            dial_timeout: seconds(json.dial_timeout, DIAL_TIMEOUT),
            custom: custom.map(|custom| (custom.setting.trim().to_owned(), custom.value.clone())).collect(),
            row_limit: json.row_limit.unwrap_or(DEFAULT_ROW_LIMIT),
            compressed: json.enable_http_compression,
        })
    }
}

/// The URL that the other keys seem to mean.
fn proposal(json: &JsonData) -> String {
    let scheme = if json.secure { "https" } else { "http" };
    let host = if json.host.is_empty() { "host" } else { &json.host };
    // Those of the native protocol are no use here.
    let http = json.port.filter(|port| !matches!(port, 9_000 | 9_440));
    let port = http.unwrap_or(if json.secure { 8_443 } else { 8_123 });
    format!("such as {scheme}://{host}:{port}")
}

/// The client for these settings. It bears the credentials: the server refuses two sorts at once, so with basic
/// authentication on there are no others.
///
/// # Errors
/// A URL that is none, a header that cannot be sent.
pub fn client(settings: &InstanceSettings<JsonData>, checked: &Settings) -> Result<Http, Error> {
    let mut http = Http::for_settings(settings)?.max_body(MAX_ANSWER);
    if !settings.basic_auth {
        http = http.header("x-clickhouse-user", &checked.user)?;
        if let Some(password) = settings.secrets.get("password").filter(|password| !password.is_empty()) {
            http = http.header("x-clickhouse-key", password)?;
        }
    }
    for header in settings.json_data.http_headers.iter().filter(|header| !header.name.trim().is_empty()) {
        let key = format!("secureHttpHeaders.{}", header.name);
        let value = if header.secure { settings.secrets.get(&key).unwrap_or_default() } else { &header.value };
        http = http.header(header.name.trim(), value)?;
    }
    Ok(http)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(url: &str, json_data: Value) -> Result<Settings, Error> {
        let settings = InstanceSettings::<()> { url: url.to_owned(), ..InstanceSettings::default() };
        Settings::new(&settings.with_json_data(serde_json::from_value(json_data).unwrap()))
    }

    #[test]
    fn grafanas_keys_are_read_and_what_is_missing_has_its_default() {
        let full = json!({"host": "db", "port": 8123, "protocol": "http", "secure": false, "path": "/ch/", "username": "u",
            "defaultDatabase": "d", "queryTimeout": "5", "dialTimeout": "", "tlsSkipVerify": true, "validateSql": true,
            "customSettings": [{"setting": "max_threads", "value": "2"}, {"setting": "", "value": ""}]});
        let full = settings("http://db:8123", full).unwrap();
        assert_eq!((full.path.as_str(), full.user.as_str(), full.database.as_str()), ("ch", "u", "d"));
        assert_eq!((full.query_timeout.as_secs(), full.dial_timeout.as_secs()), (5, 10));
        assert_eq!(full.custom, [("max_threads".to_owned(), "2".to_owned())]);
        let none = settings("http://db:8123", json!({})).unwrap();
        assert_eq!((none.user.as_str(), none.database.as_str(), none.row_limit), ("default", "", 1_000_000));
    }

    #[test]
    fn without_a_url_the_message_proposes_one() {
        for (json_data, expected) in [
            (json!({}), "such as http://host:8123"),
            (json!({"host": "db", "port": 9440, "secure": true}), "such as https://db:8443"),
            (json!({"host": "db", "port": "1234"}), "such as http://db:1234"),
        ] {
            let error = settings("", json_data).unwrap_err();
            assert!(error.status() == 400 && error.message().contains(expected), "{error}");
        }
        assert!(serde_json::from_value::<JsonData>(json!({"queryTimeout": "soon"})).is_err());
    }
}
