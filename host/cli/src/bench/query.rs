//! A query for a plugin whose author names none: the least that its manifest's `querySchema` takes.

use serde_json::{Map, Value};

/// Most levels of a schema that are followed: a schema may be a stranger's.
const MAX_DEPTH: usize = 8;

/// The least query that `schema`, a JSON Schema, describes: its first example, else its default, else its required
/// keys with the least each may be. `None` where it describes no object, or requires what cannot be guessed.
pub(crate) fn smallest_query(schema: &Value) -> Option<Map<String, Value>> {
    match smallest(schema, MAX_DEPTH)? {
        Value::Object(query) => Some(query),
        _ => None,
    }
}

fn smallest(schema: &Value, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let said = schema.get("examples").and_then(|examples| examples.get(0)).or_else(|| schema.get("const"));
    let first = || schema.get("enum").and_then(|values| values.get(0));
    if let Some(value) = said.or_else(|| schema.get("default")).or_else(first) {
        return Some(value.clone());
    }
    let kind = schema.get("type")?;
    let kind = kind.as_str().or_else(|| kind.get(0)?.as_str())?;
    Some(match kind {
        "object" => {
            let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let value_of = |key: &str| smallest(schema.get("properties")?.get(key)?, depth);
            let entry = |key: &Value| Some((key.as_str()?.to_owned(), value_of(key.as_str()?)?));
            Value::Object(required.iter().map(entry).collect::<Option<Map<_, _>>>()?)
        }
        "array" if schema.get("minItems").is_none() => Value::Array(Vec::new()),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| 0.into()),
        "boolean" => Value::Bool(false),
        "null" => Value::Null,
        // Empty text is hardly ever a query.
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
            assert_eq!(smallest_query(&schema).map(Value::Object), Some(query), "{schema}");
        }
    }

    #[test]
    fn what_cannot_be_guessed_is_not() {
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
            assert_eq!(smallest_query(&schema), None, "{schema}");
        }
    }
}
