//! A message's JSON as a tree. Its texts stay in the message where they have no escapes, so that reading one allocates
//! little; what is where in it is [`Path`](crate::path::Path)'s business.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::borrow::Cow;
use std::fmt;

/// A value of a JSON document.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object, in the order it was written in.
    Map(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads a document and nothing after it.
    ///
    /// # Errors
    /// Text that is no JSON, and JSON nested deeper than 127 values.
    pub fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The value of a key; the last one, where it is there several times.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().rev().find_map(|(name, value)| (name == key).then_some(value))
    }

    /// Whether it is the same as a value of the settings. Numbers are the same whichever way they are written.
    pub fn equals(&self, other: &serde_json::Value) -> bool {
        use serde_json::Value;
        match (self, other) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Int(a), Value::Number(b)) => b.as_i64().map_or_else(|| b.as_f64() == Some(*a as f64), |b| *a == b),
            (Self::Float(a), Value::Number(b)) => b.as_f64() == Some(*a),
            (Self::Text(a), Value::String(b)) => a == b,
            (Self::List(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b)),
            (Self::Map(a), Value::Object(b)) => {
                a.len() == b.len() && b.iter().all(|(key, b)| self.get(key).is_some_and(|a| a.equals(b)))
            }
            _ => false,
        }
    }

    /// The text itself of a text, `None` for null, else the document.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(Cow::Borrowed(text)),
            other => serde_json::to_string(other).ok().map(Cow::Owned),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Json<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Json::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Json::Int(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(i64::try_from(value).map_or(Json::Float(value as f64), Json::Int))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Json::Float(value))
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Json::Text(Cow::Borrowed(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Json::Text(Cow::Owned(value.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Json::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut map = Vec::new();
                while let Some(Key(key)) = entries.next_key()? {
                    map.push((key, entries.next_value()?));
                }
                Ok(Json::Map(map))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

/// A key: `Cow` by itself would always be owned.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(value.to_owned())))
            }
        }

        deserializer.deserialize_str(Reader)
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_read_and_written_back_as_it_was() {
        let text = r#"{"a":[1,-2.5,true,null,"ü\n"],"k\"":{"b":9223372036854775807},"a":0}"#;
        let document = Json::read(text).unwrap();
        assert_eq!(serde_json::to_string(&document).unwrap(), text);
        assert_eq!(document.get("a"), Some(&Json::Int(0)), "the last one counts");
    }

    #[test]
    fn texts_without_escapes_stay_where_they_are() {
        let Ok(Json::Map(entries)) = Json::read(r#"{"a":"b"}"#) else { unreachable!() };
        assert!(matches!(entries.as_slice(), [(Cow::Borrowed("a"), Json::Text(Cow::Borrowed("b")))]));
    }

    #[test]
    fn numbers_that_no_integer_holds_are_floats() {
        assert_eq!(Json::read("18446744073709551615").unwrap(), Json::Float(18_446_744_073_709_551_615.0));
        assert_eq!(Json::read("1e3").unwrap(), Json::Float(1000.0));
    }

    #[test]
    fn what_is_no_json_or_nested_too_deep_is_refused() {
        let (deep, sound) = ("[".repeat(100_000), format!("{}{}", "[".repeat(127), "]".repeat(127)));
        for text in ["", "{", "nul", "{} {}", "1e999", "\"\\ud800\"", &deep] {
            assert!(Json::read(text).is_err(), "{}", text.chars().take(20).collect::<String>());
        }
        assert!(Json::read(&sound).is_ok());
    }

    #[test]
    fn values_are_compared_with_those_of_the_settings() {
        let document = Json::read(r#"{"a":1,"b":[1.0,"x",null]}"#).unwrap();
        assert!(document.equals(&json!({"b": [1, "x", null], "a": 1.0})));
        for other in [json!({"a": 1}), json!({"a": 1, "b": [1, "x", 0]}), json!({"a": "1", "b": [1, "x", null]})] {
            assert!(!document.equals(&other), "{other}");
        }
    }
}
