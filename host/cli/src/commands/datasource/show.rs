//! Data sources for people.

use crate::output::{marks, rows, text};
use serde_json::Value;

/// One line a data source.
pub(super) fn list(items: &Value) -> String {
    let remarks = |item: &Value| marks(item, [("isDefault", "default"), ("readOnly", "read-only")]);
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
