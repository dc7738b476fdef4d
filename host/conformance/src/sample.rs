//! The smallest JSON that a schema allows: what can be asked of a plugin that nobody has told us of.
//!
//! A schema may be a stranger's: how deep it is followed and how many values are made of it is bounded.

use serde_json::{Map, Value};

/// References that are followed one after another; a schema that refers to itself ends there.
const DEEPEST: usize = 16;
/// Values that are made of one schema: one that refers to itself twice would have twice as many at each level.
const MOST: usize = 256;
/// Text where a schema asks for some: an expression in most languages.
const TEXT: &str = "1";

/// An object that has what `schema` requires, and where it names an example or a default, that. The rest is guessed.
pub(crate) fn object(schema: Option<&Value>) -> Map<String, Value> {
    match schema.and_then(|schema| Sample { root: schema, guesses: true, left: MOST }.value(schema, 0)) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// The least query that `schema` describes: its first example, else its default, else its required keys with the least each
/// may be. `None` where it describes no object, or requires what only a person knows: hardly any text is a query.
#[must_use]
pub fn least_query(schema: &Value) -> Option<Map<String, Value>> {
    match (Sample { root: schema, guesses: false, left: MOST }).value(schema, 0)? {
        Value::Object(query) => Some(query),
        _ => None,
    }
}

/// A value that `schema` refuses, where it says enough to tell.
pub(crate) fn refused(schema: &Value) -> Value {
    match types(schema).first() {
        Some(&"string") | None => Value::from(vec![Value::from(1)]),
        Some(_) => Value::from("not of this type"),
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A value in the making.
struct Sample<'a> {
    root: &'a Value,
    /// Whether what the schema leaves open is guessed; else there is no value then.
    guesses: bool,
    /// Values that may still be made.
    left: usize,
}

impl Sample<'_> {
    fn value(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        let Some(left) = self.left.checked_sub(1).filter(|_| depth <= DEEPEST) else { return self.guess(Value::Null) };
        self.left = left;
        let first = |key: &str| schema.get(key).and_then(Value::as_array).and_then(|values| values.first());
        let named = first("examples").or_else(|| schema.get("const")).or_else(|| schema.get("default"));
        if let Some(named) = named.or_else(|| first("enum")) {
            return Some(named.clone());
        }
        let path = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
        if let Some(found) = path.and_then(|path| self.root.pointer(path)) {
            return self.value(found, depth + 1);
        }
        if let Some(first) = first("oneOf").or_else(|| first("anyOf")) {
            return self.value(first, depth + 1);
        }
        match types(schema).first() {
            Some(&"object") => self.required(schema, depth),
            Some(&"array") if schema.get("minItems").is_none() => Some(Value::Array(Vec::new())),
            Some(&"array") => self.guess(Value::Array(Vec::new())),
            Some(&("integer" | "number")) => Some(schema.get("minimum").cloned().unwrap_or(Value::from(1))),
            Some(&"boolean") => Some(Value::Bool(false)),
            Some(&"null") => Some(Value::Null),
            _ => self.guess(Value::from(TEXT)),
        }
    }

    fn required(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        let mut object = Map::new();
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for key in required.filter_map(Value::as_str) {
            let of = schema.get("properties").and_then(|properties| properties.get(key));
            let value = match of {
                Some(of) => self.value(of, depth + 1),
                None => self.guess(Value::from(TEXT)),
            };
            object.insert(key.to_owned(), value?);
        }
        Some(Value::Object(object))
    }

    fn guess(&self, value: Value) -> Option<Value> {
        self.guesses.then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_required_is_there_and_nothing_else() {
        let schema = json!({
            "type": "object",
            "required": ["expr", "mode", "nested", "count", "list"],
            "properties": {
                "expr": { "type": "string" },
                "mode": { "enum": ["fast", "slow"] },
                "nested": { "$ref": "#/$defs/nested" },
                "count": { "type": ["integer", "null"], "minimum": 3 },
                "list": { "type": "array" },
                "optional": { "type": "string" },
            },
            "$defs": { "nested": { "type": "object", "required": ["a"], "properties": { "a": { "default": 7 } } } },
        });
        let expected = json!({ "expr": "1", "mode": "fast", "nested": { "a": 7 }, "count": 3, "list": [] });
        assert_eq!(Value::Object(object(Some(&schema))), expected);
    }

    #[test]
    fn the_least_query_has_the_required_keys_alone() {
        for (schema, query) in [
            (json!({ "type": "object" }), json!({})),
            (json!({ "type": "object", "examples": [{ "expr": "up" }] }), json!({ "expr": "up" })),
            (
                json!({
                    "type": "object",
                    "required": ["expr", "step", "kind", "deep"],
                    "properties": {
                        "expr": { "type": "string", "default": "up" },
                        "step": { "type": ["integer", "null"], "minimum": 1 },
                        "kind": { "enum": ["range", "instant"] },
                        "deep": { "type": "object", "required": ["on"], "properties": { "on": { "type": "boolean" } } },
                        "other": { "default": 5 }
                    }
                }),
                json!({ "expr": "up", "step": 1, "kind": "range", "deep": { "on": false } }),
            ),
        ] {
            assert_eq!(least_query(&schema).map(Value::Object), Some(query), "{schema}");
        }
    }

    #[test]
    fn what_only_a_person_knows_is_no_query() {
        let mut endless = json!({ "type": "object" });
        for _ in 0..20 {
            endless = json!({ "type": "object", "required": ["a"], "properties": { "a": endless } });
        }
        for schema in [
            json!({ "type": "object", "required": ["expr"], "properties": { "expr": { "type": "string" } } }),
            json!({ "type": "object", "required": ["expr"] }),
            json!({ "type": "array" }),
            json!({ "anyOf": [] }),
            json!(true),
            endless,
        ] {
            assert_eq!(least_query(&schema), None, "{schema}");
        }
    }

    #[test]
    fn a_schema_that_grows_without_end_is_given_up() {
        let keys: Vec<String> = (0..20).map(|key| key.to_string()).collect();
        let properties: Map<String, Value> = keys.iter().map(|key| (key.clone(), json!({ "$ref": "#" }))).collect();
        let schema = json!({ "type": "object", "required": keys, "properties": properties });
        assert_eq!(least_query(&schema), None);
        let text = Value::Object(object(Some(&schema))).to_string();
        assert!(text.len() < 100_000, "{} bytes", text.len());
    }

    #[test]
    fn an_example_wins_and_a_schema_that_refers_to_itself_ends() {
        assert_eq!(object(Some(&json!({ "examples": [{ "expr": "up" }] })))["expr"], "up");
        let circle = json!({ "type": "object", "required": ["a"], "properties": { "a": { "$ref": "#" } } });
        assert!(object(Some(&circle)).contains_key("a"));
        assert!(object(None).is_empty());
    }
}
