//! What is said to an endpoint: texts as they are, any other JSON as its document, with secrets of the data source where
//! the settings (and never a client) ask for one by `${secret.NAME}`.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use wellhead_sdk::{Error, Secrets};

const OPENING: &str = "${secret.";

/// Messages in the order they are sent. In JSON one message, or an array of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Messages(Vec<Value>);

impl Messages {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The messages' texts.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(text).collect()
    }

    /// The same with the secrets in their places. `what` says where the messages stand.
    ///
    /// # Errors
    /// A secret that is not there, by its name.
    pub fn with_secrets(mut self, what: &str, secrets: &Secrets) -> Result<Self, Error> {
        for message in &mut self.0 {
            fill(message, secrets).map_err(|name| {
                Error::bad_request(format_args!(
                    "{what} asks for the secret {name:?}, and there is none: set secureJsonData.{name}"
                ))
            })?;
        }
        Ok(self)
    }
}

/// A value as a message.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl<'de> Deserialize<'de> for Messages {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(json)? {
            Value::Null => Vec::new(),
            Value::Array(messages) => messages,
            message => vec![message],
        }))
    }
}

/// Puts secrets into every text of a value. The error is the name of one that is not there.
fn fill(value: &mut Value, secrets: &Secrets) -> Result<(), String> {
    match value {
        Value::String(text) if text.contains(OPENING) => *text = filled(text, secrets)?,
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill(item, secrets))?,
        Value::Object(entries) => entries.values_mut().try_for_each(|entry| fill(entry, secrets))?,
        _ => {}
    }
    Ok(())
}

fn filled(text: &str, secrets: &Secrets) -> Result<String, String> {
    let mut parts = text.split(OPENING);
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}') {
            Some((name, rest)) => {
                filled.push_str(secrets.get(name).ok_or(name)?);
                filled.push_str(rest);
            }
            None => {
                filled.push_str(OPENING);
                filled.push_str(part);
            }
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn messages(json: Value) -> Messages {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn texts_go_out_as_they_are_and_all_else_as_json() {
        for (json, expected) in [
            (json!(null), vec![]),
            (json!("SUBSCRIBE a"), vec!["SUBSCRIBE a"]),
            (json!({"op": "sub"}), vec![r#"{"op":"sub"}"#]),
            (json!(["a", {"b": 1}, 2]), vec!["a", r#"{"b":1}"#, "2"]),
            (json!([["join", {}]]), vec![r#"["join",{}]"#]),
        ] {
            assert_eq!(messages(json.clone()).texts(), expected, "{json}");
        }
    }

    #[test]
    fn secrets_are_put_in_wherever_a_text_asks_for_one() {
        let secrets = Secrets::from_iter([("token", "t\"1"), ("user", "u")]);
        let asked = json!([{"auth": ["${secret.user}:${secret.token}!"]}, "LOGIN ${secret.token", "plain"]);
        let filled = messages(asked).with_secrets("onConnect", &secrets).unwrap();
        assert_eq!(filled.texts(), [r#"{"auth":["u:t\"1!"]}"#, "LOGIN ${secret.token", "plain"]);
        let error = messages(json!("${secret.none}")).with_secrets("jsonData.onConnect", &secrets).unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(error.message().contains("jsonData.onConnect asks for the secret \"none\""), "{error}");
    }
}
