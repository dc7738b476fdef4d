//! The smallest JSON that a schema allows: what can be asked of a plugin that nobody has told us of.

use serde_json::{Map, Value};

/// References that are followed one after another; a schema that refers to itself ends there.
const DEEPEST: usize = 16;
/// Text where a schema asks for some: an expression in most languages.
const TEXT: &str = "1";

/// An object that has what `schema` requires, and where it names an example or a default, that.
pub(crate) fn object(schema: Option<&Value>) -> Map<String, Value> {
    let made = schema.map(|schema| value(schema, schema, 0));
    match made {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
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

fn value(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    let first = |key: &str| schema.get(key).and_then(Value::as_array).and_then(|values| values.first());
    if let Some(named) = first("examples").or_else(|| schema.get("default")).or_else(|| schema.get("const")) {
        return named.clone();
    }
    if let Some(first) = first("enum") {
        return first.clone();
    }
    if let Some(found) =
        schema.get("$ref").and_then(Value::as_str).and_then(|path| root.pointer(path.strip_prefix('#')?))
    {
        return value(found, root, depth + 1);
    }
    if let Some(first) = first("oneOf").or_else(|| first("anyOf")) {
        return value(first, root, depth + 1);
    }
    match types(schema).first() {
        Some(&"object") => {
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            let properties = required.filter_map(Value::as_str).map(|key| {
                let of = schema.get("properties").and_then(|properties| properties.get(key));
                (key.to_owned(), of.map_or(Value::from(TEXT), |schema| value(schema, root, depth + 1)))
            });
            Value::Object(properties.collect())
        }
        Some(&"array") => Value::Array(Vec::new()),
        Some(&("integer" | "number")) => schema.get("minimum").cloned().unwrap_or(Value::from(1)),
        Some(&"boolean") => Value::Bool(false),
        Some(&"null") => Value::Null,
        _ => Value::from(TEXT),
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
    fn an_example_wins_and_a_schema_that_refers_to_itself_ends() {
        assert_eq!(object(Some(&json!({ "examples": [{ "expr": "up" }] })))["expr"], "up");
        let circle = json!({ "type": "object", "required": ["a"], "properties": { "a": { "$ref": "#" } } });
        assert!(object(Some(&circle)).contains_key("a"));
        assert!(object(None).is_empty());
    }
}
