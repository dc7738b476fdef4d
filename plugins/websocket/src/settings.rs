//! What a data source's settings say, by the keys that Grafana has where it has the setting.

use crate::address::Address;
use crate::channel_path::check_name;
use crate::interval::Interval;
use crate::outgoing::Messages;
use crate::query::Query;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use wellhead_sdk::net::Verify;
use wellhead_sdk::{Error, InstanceSettings, Secrets};

/// A message of an endpoint, unless the settings say otherwise, and the most they may say: what becomes of it takes
/// many times as much in memory.
const MESSAGE_BYTES: usize = 1 << 20;
const MOST_MESSAGE_BYTES: usize = 4 << 20;
/// Shorter ones would be tried again without a pause.
const LEAST_RECONNECT_MAX: Duration = Duration::from_millis(100);

/// `jsonData` as it is stored.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct JsonData {
    headers: BTreeMap<String, String>,
    subprotocols: Vec<String>,
    ping_interval: Interval,
    idle_timeout: Interval,
    connect_timeout: Interval,
    reconnect_max: Interval,
    max_message_bytes: usize,
    on_connect: Messages,
    channels: BTreeMap<String, Query>,
    named_channels_only: bool,
    publish: bool,
    tls_skip_verify: bool,
}

impl Default for JsonData {
    fn default() -> Self {
        Self {
            headers: BTreeMap::new(),
            subprotocols: Vec::new(),
            ping_interval: Interval::seconds(30),
            idle_timeout: Interval::seconds(75),
            connect_timeout: Interval::seconds(10),
            reconnect_max: Interval::seconds(30),
            max_message_bytes: MESSAGE_BYTES,
            on_connect: Messages::default(),
            channels: BTreeMap::new(),
            named_channels_only: false,
            publish: false,
            tls_skip_verify: false,
        }
    }
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the endpoint is.
    pub address: Address,
    /// What of its certificate is verified.
    pub verify: Verify,
    /// Headers of the handshake, credentials included.
    pub headers: HeaderMap,
    /// Subprotocols to offer, the best first.
    pub subprotocols: Vec<String>,
    /// After so long a silence the endpoint is asked whether it is there.
    pub ping_interval: Option<Duration>,
    /// After so long a silence it is not.
    pub idle_timeout: Option<Duration>,
    /// What connecting may take, handshake included.
    pub connect_timeout: Duration,
    /// The longest pause between attempts to connect.
    pub reconnect_max: Duration,
    /// The longest message.
    pub max_message_bytes: usize,
    /// What is said first on every connection.
    pub on_connect: Messages,
    /// Channels with a name.
    pub channels: BTreeMap<String, Query>,
    /// Whether there are no others.
    pub named_channels_only: bool,
    /// Whether clients may publish to every channel.
    pub publish: bool,
}

impl Settings {
    /// Reads and checks them.
    ///
    /// # Errors
    /// What is wrong, by its key, with the cure.
    pub fn new(settings: InstanceSettings<Value>) -> Result<Self, Error> {
        let mut headers = HeaderMap::new();
        let numbered = settings.json_data.as_object().into_iter().flatten().filter_map(|(key, name)| {
            let number = key.strip_prefix("httpHeaderName")?;
            Some((key.clone(), name.as_str()?.to_owned(), settings.secrets.get(&format!("httpHeaderValue{number}"))?))
        });
        for (key, name, value) in numbered {
            add_header(&mut headers, &key, &name, value)?;
        }
        if settings.basic_auth {
            let password = settings.secrets.get("basicAuthPassword").unwrap_or_default();
            let credentials = STANDARD.encode(format!("{}:{password}", settings.basic_auth_user));
            headers.entry(AUTHORIZATION).or_insert(header_value("basicAuthUser", &format!("Basic {credentials}"))?);
        }
        let json_data = settings.json_data.to_string();
        let settings = settings.with_json_data(json_data).typed::<JsonData>()?;
        let json = settings.json_data;
        for (name, value) in &json.headers {
            add_header(&mut headers, "headers", name, value)?;
        }
        if let Some(bad) = json.subprotocols.iter().find(|name| HeaderName::from_bytes(name.as_bytes()).is_err()) {
            return Err(Error::bad_request(format_args!("jsonData.subprotocols: {bad:?} is no name of one")));
        }
        let (ping_interval, idle_timeout) = (json.ping_interval.some(), json.idle_timeout.some());
        if let (Some(ping), Some(idle)) = (ping_interval, idle_timeout)
            && ping >= idle
        {
            return Err(Error::bad_request(format_args!(
                "jsonData.idleTimeout is {}, and no longer than pingInterval, which is {}: no ping would be answered in \
                 time; make it longer",
                json.idle_timeout, json.ping_interval
            )));
        }
        if !(1..=MOST_MESSAGE_BYTES).contains(&json.max_message_bytes) {
            return Err(Error::bad_request(format_args!(
                "jsonData.maxMessageBytes is {}: it is 1 to {MOST_MESSAGE_BYTES}",
                json.max_message_bytes
            )));
        }
        let address = Address::read(&settings.url)?;
        let channels = json.channels.into_iter().map(|(name, query)| channel(name, query, &address, &settings.secrets));
        Ok(Self {
            verify: if json.tls_skip_verify { Verify::None } else { Verify::Full },
            headers,
            subprotocols: json.subprotocols,
            ping_interval,
            idle_timeout,
            connect_timeout: json.connect_timeout.some().unwrap_or(Duration::from_secs(10)),
            reconnect_max: json.reconnect_max.0.max(LEAST_RECONNECT_MAX),
            max_message_bytes: json.max_message_bytes,
            on_connect: json.on_connect.with_secrets("jsonData.onConnect", &settings.secrets)?,
            channels: channels.collect::<Result<_, Error>>()?,
            named_channels_only: json.named_channels_only,
            publish: json.publish,
            address,
        })
    }
}

/// A named channel with its secrets in their places.
fn channel(name: String, query: Query, address: &Address, secrets: &Secrets) -> Result<(String, Query), Error> {
    let what = format!("jsonData.channels.{name}");
    check_name(&name)
        .map_err(|why| Error::bad_request(format_args!("{what} has a name that no channel has: {why}")))?;
    address.target(&query.path).map_err(|error| error.context(&what))?;
    let on_connect = query.on_connect.with_secrets(&format!("{what}.onConnect"), secrets)?;
    let on_disconnect = query.on_disconnect.with_secrets(&format!("{what}.onDisconnect"), secrets)?;
    Ok((name, Query { on_connect, on_disconnect, ..query }))
}

fn add_header(headers: &mut HeaderMap, key: &str, name: &str, value: &str) -> Result<(), Error> {
    let Ok(header) = HeaderName::from_bytes(name.trim().as_bytes()) else {
        return Err(Error::bad_request(format_args!("jsonData.{key}: {name:?} is no name of a header")));
    };
    let is_of_handshake =
        ["host", "connection", "upgrade", "content-length", "transfer-encoding"].contains(&header.as_str());
    if is_of_handshake || header.as_str().starts_with("sec-websocket-") {
        let cure = "leave it out; subprotocols have a key of their own";
        return Err(Error::bad_request(format_args!("jsonData.{key}: {header} is the handshake's own: {cure}")));
    }
    headers.insert(header, header_value(key, value)?);
    Ok(())
}

/// A value of a header, marked so that nothing shows it.
fn header_value(key: &str, value: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::bad_request(format_args!(
            "jsonData.{key}: its value has characters that no header has: take out line ends"
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(json_data: Value) -> Result<Settings, Error> {
        let settings = InstanceSettings::<()> {
            url: "ws://db/live".to_owned(),
            basic_auth: json_data.get("basic").is_some(),
            basic_auth_user: "u".to_owned(),
            secrets: Secrets::from_iter([("basicAuthPassword", "p"), ("httpHeaderValue2", "t"), ("token", "s3")]),
            ..InstanceSettings::default()
        };
        Settings::new(settings.with_json_data(json_data))
    }

    #[test]
    fn nothing_set_has_defaults() {
        let settings = read(json!({})).unwrap();
        assert_eq!(settings.ping_interval, Some(Duration::from_secs(30)));
        assert_eq!((settings.reconnect_max, settings.max_message_bytes), (Duration::from_secs(30), 1 << 20));
        assert!(settings.headers.is_empty() && settings.verify == Verify::Full && !settings.publish);
    }

    #[test]
    fn headers_come_from_secrets_settings_and_basic_auth() {
        let settings = read(json!({"basic": 1, "httpHeaderName2": "X-Token", "httpHeaderName3": "X-None",
                                   "headers": {"X-Plain": "a"}, "pingInterval": "0", "idleTimeout": "0"}));
        let settings = settings.unwrap();
        let names: Vec<_> = settings.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-token", "authorization", "x-plain"]);
        assert_eq!(settings.headers.get("authorization").unwrap(), "Basic dTpw");
        assert_eq!((settings.ping_interval, settings.idle_timeout), (None, None));
        assert!(!format!("{settings:?}").contains("dTpw"), "no log shows a credential");
    }

    #[test]
    fn named_channels_say_secrets_and_no_client_does() {
        let channels = json!({"channels": {"a/b": {"onConnect": {"auth": "${secret.token}"}}}});
        let settings = read(channels).unwrap();
        assert_eq!(settings.channels.get("a/b").unwrap().on_connect.texts(), [r#"{"auth":"s3"}"#]);
    }

    #[test]
    fn what_is_wrong_is_refused_by_its_key() {
        for (json, expected) in [
            (json!({"idleTimeout": "30s"}), "jsonData.idleTimeout is 30s"),
            (json!({"pingInterval": "often"}), "jsonData.pingInterval"),
            (json!({"maxMessageBytes": 0}), "it is 1 to 4194304"),
            (json!({"maxMessageBytes": 1 << 23}), "it is 1 to 4194304"),
            (json!({"headers": {"Host": "x"}}), "host is the handshake's own"),
            (json!({"headers": {"Sec-WebSocket-Protocol": "x"}}), "subprotocols"),
            (json!({"headers": {"a b": "x"}}), "no name of a header"),
            (json!({"headers": {"a": "x\r\ny: z"}}), "line ends"),
            (json!({"subprotocols": ["a,b"]}), "\"a,b\" is no name"),
            (json!({"channels": {"a b": {}}}), "a name that no channel has"),
            (json!({"channels": {"a": {"path": "../b"}}}), "jsonData.channels.a: path"),
            (json!({"channels": {"a": {"rows": "x["}}}), "jsonData.channels.a.rows"),
            (json!({"channels": {"a": {"onConnect": "${secret.no}"}}}), "secureJsonData.no"),
        ] {
            let error = read(json.clone()).unwrap_err();
            assert!(error.status() == 400 && error.message().contains(expected), "{json}: {error}");
        }
    }
}
