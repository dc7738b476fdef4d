//! A query's parameters: JSON values for `{name:Type}`, sent as `param_name` in the form that the server reads.

use serde_json::{Map, Value};

/// The pairs for a request.
pub(crate) fn pairs(params: &Map<String, Value>) -> Vec<(String, String)> {
    params.iter().map(|(name, value)| (format!("param_{name}"), field(value))).collect()
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => "\\N".to_owned(),
        Value::String(text) => escaped(text),
        Value::Array(_) | Value::Object(_) => escaped(&literal(value)),
        other => other.to_string(),
    }
}

/// A value within an array or a map, as ClickHouse's SQL writes it.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => quoted(text),
        Value::Array(values) => format!("[{}]", values.iter().map(literal).collect::<Vec<_>>().join(",")),
        Value::Object(values) => {
            let pairs: Vec<_> =
                values.iter().map(|(key, value)| format!("{}:{}", quoted(key), literal(value))).collect();
            format!("{{{}}}", pairs.join(","))
        }
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The server reads a value as a field of its tab-separated format.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r").replace('\0', "\\0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_have_the_form_that_the_server_reads() {
        for (value, expected) in [
            (json!(7), "7"),
            (json!(-1.5), "-1.5"),
            (json!(true), "true"),
            (json!(null), "\\N"),
            (json!("it's\ta \\"), "it's\\ta \\\\"),
            (json!([1, null]), "[1,NULL]"),
            (json!(["a'b"]), "['a\\\\'b']"),
            (json!({"k": ["v"]}), "{'k':['v']}"),
        ] {
            let params = Map::from_iter([("p".to_owned(), value)]);
            assert_eq!(pairs(&params), [("param_p".to_owned(), expected.to_owned())]);
        }
    }
}
