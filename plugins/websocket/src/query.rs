//! What a channel shows: which endpoint, what is said to it, and how its messages become rows. The same keys in
//! `jsonData.channels`, in a query, and in the data of a subscription.

use crate::document::Json;
use crate::interval::Interval;
use crate::outgoing::Messages;
use crate::path::Path;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A channel's settings.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Query {
    /// A name of `jsonData.channels`, in the place of all that follows. Queries only.
    #[serde(skip_serializing)]
    pub channel: String,
    /// Appended to the URL's path; may have a query string.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Said when the channel joins a connection, and again after each reconnect.
    #[serde(skip_serializing_if = "Messages::is_empty")]
    pub on_connect: Messages,
    /// Said when it leaves.
    #[serde(skip_serializing_if = "Messages::is_empty")]
    pub on_disconnect: Messages,
    /// Where in a message the rows are; none: the message is a row, or an array of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Path>,
    /// What becomes a field; none: whatever there is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldSpec>,
    /// With `fields`: whatever else there is becomes fields, too.
    #[serde(skip_serializing_if = "is_default")]
    pub other_fields: bool,
    /// Whether rows are given the time they came at.
    #[serde(skip_serializing_if = "is_default")]
    pub time: ArrivalTime,
    /// Which messages are this channel's: those that pass all of these.
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<Filter>,
    /// At most one frame in so long a time.
    #[serde(skip_serializing_if = "Interval::is_zero")]
    pub frame_interval: Interval,
    /// Whether channels with the same path share a connection.
    #[serde(skip_serializing_if = "Clone::clone")]
    pub share_connection: bool,
    /// Whether what clients publish goes out. Counts in `jsonData.channels` only.
    #[serde(skip_serializing)]
    pub publish: bool,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            channel: String::new(),
            path: String::new(),
            on_connect: Messages::default(),
            on_disconnect: Messages::default(),
            rows: None,
            fields: Vec::new(),
            other_fields: false,
            time: ArrivalTime::default(),
            filter: Vec::new(),
            frame_interval: Interval::default(),
            share_connection: true,
            publish: false,
        }
    }
}

/// Which value of a row becomes a field, and of which type.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct FieldSpec {
    /// The field's name; none: the end of its path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where in the row the value is; none: the key that is called like the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Path>,
    /// Its type.
    #[serde(rename = "type", skip_serializing_if = "is_default")]
    pub field_type: WantedType,
    /// How instants are written.
    #[serde(skip_serializing_if = "is_default")]
    pub time_format: TimeFormat,
}

/// The type that a field is to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WantedType {
    /// That of its values: of all that were met, the narrowest that holds them.
    #[default]
    Auto,
    /// An instant.
    Time,
    /// A float; texts of numbers are read.
    Number,
    /// A text; whatever else as its JSON.
    String,
    /// True or false.
    Boolean,
    /// The value's JSON.
    Json,
}

/// How an instant is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeFormat {
    /// RFC 3339, or a number whose size tells its unit.
    #[default]
    Auto,
    /// Seconds since the epoch, with a fraction or without.
    S,
    /// Milliseconds since the epoch.
    Ms,
    /// Microseconds since the epoch.
    Us,
    /// Nanoseconds since the epoch.
    Ns,
    /// RFC 3339: `2024-02-29T12:00:00.5+01:00`.
    Rfc3339,
}

/// Whether rows have the time they came at, in a field `time`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ArrivalTime {
    /// Where no field of the first message is a time.
    #[default]
    Auto,
    /// Always.
    Arrival,
    /// Never.
    None,
}

/// A condition on a message.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Where in the message.
    pub path: Path,
    /// What must be there.
    pub equals: Value,
}

impl Query {
    /// Whether a message is this channel's.
    pub fn wants(&self, message: &Json<'_>) -> bool {
        self.filter.iter().all(|filter| filter.path.find(message).is_some_and(|value| value.equals(&filter.equals)))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A list, or one item without one.
fn one_or_many<'de, D: Deserializer<'de>, T: DeserializeOwned>(json: D) -> Result<Vec<T>, D::Error> {
    let read = match Value::deserialize(json)? {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.into_iter().map(serde_json::from_value).collect(),
        item => serde_json::from_value(item).map(|item| vec![item]),
    };
    read.map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(json: Value) -> Result<Query, serde_json::Error> {
        serde_json::from_value(json)
    }

    #[test]
    fn nothing_said_is_every_field_of_every_message() {
        let query = read(json!({"refId": "A", "datasource": {"uid": "x"}})).unwrap();
        assert_eq!(query, Query::default());
        assert!(query.share_connection && query.wants(&Json::Int(1)));
        assert_eq!(serde_json::to_string(&query).unwrap(), "{}");
    }

    #[test]
    fn what_is_written_is_as_short_as_can_be_and_reads_back() {
        let text = r#"{"path":"/a?b=c","onConnect":[{"op":"sub"}],"rows":"data","fields":[{"name":"t","path":"[0]","type":"time","timeFormat":"ms"}],"time":"none","filter":[{"path":"ch","equals":1}],"frameInterval":"100ms","shareConnection":false}"#;
        let query: Query = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&query).unwrap(), text);
    }

    #[test]
    fn a_message_must_pass_every_filter() {
        let query = read(json!({"filter": [{"path": "a", "equals": "x"}, {"path": "b.c", "equals": 1}]})).unwrap();
        for (text, expected) in [
            (r#"{"a":"x","b":{"c":1.0}}"#, true),
            (r#"{"a":"x","b":{"c":2}}"#, false),
            (r#"{"a":"x"}"#, false),
            ("7", false),
        ] {
            assert_eq!(query.wants(&Json::read(text).unwrap()), expected, "{text}");
        }
        let single = read(json!({"filter": {"path": "a", "equals": null}})).unwrap();
        assert!(single.wants(&Json::read(r#"{"a":null}"#).unwrap()));
    }

    #[test]
    fn what_is_wrong_is_refused_with_what_may_be_there() {
        for (json, expected) in [
            (json!({"fields": [{"path": "a["}]}), "is no path"),
            (json!({"fields": [{"name": "a", "type": "int"}]}), "`number`"),
            (json!({"fields": [{"nmae": "a"}]}), "nmae"),
            (json!({"fields": [{"timeFormat": "iso"}]}), "rfc3339"),
            (json!({"time": "first"}), "arrival"),
            (json!({"frameInterval": "fast"}), "write it like"),
            (json!({"filter": {"path": "a"}}), "equals"),
        ] {
            let error = read(json.clone()).unwrap_err().to_string();
            assert!(error.contains(expected), "{json}: {error}");
        }
    }
}
