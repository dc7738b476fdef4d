//! Data sources for people.

use crate::output::rows;
use serde_json::Value;

fn text(item: &Value, key: &str) -> String {
    match item.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn mark(item: &Value, key: &str, mark: &str) -> String {
    if item.get(key).and_then(Value::as_bool).unwrap_or_default() { mark.to_owned() } else { String::new() }
}

/// One line a data source.
pub(super) fn list(items: &Value) -> String {
    let remarks = |item: &Value| {
        let remarks = [mark(item, "isDefault", "default"), mark(item, "readOnly", "read-only")];
        remarks.into_iter().filter(|remark| !remark.is_empty()).collect::<Vec<_>>().join(", ")
    };
    let lines = items.as_array().into_iter().flatten().map(|item| {
        [text(item, "id"), text(item, "uid"), text(item, "name"), text(item, "type"), text(item, "url"), remarks(item)]
    });
    rows(["id", "uid", "name", "type", "url", "remarks"], lines).to_string()
}

/// One line a field that is set. Of secrets there is the name.
pub(super) fn item(item: &Value) -> String {
    let fields = item.as_object().into_iter().flatten();
    let is_set = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    };
    let lines = fields.filter(|(key, value)| *key != "typeLogoUrl" && is_set(value)).map(|(key, value)| {
        let shown = match (key.as_str(), value) {
            ("secureJsonFields", Value::Object(names)) => names.keys().cloned().collect::<Vec<_>>().join(", "),
            (_, Value::String(text)) => text.clone(),
            (_, other) => other.to_string(),
        };
        [key.clone(), shown]
    });
    rows(["field", "value"], lines).to_string()
}
