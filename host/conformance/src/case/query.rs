//! `query.json` as a body of `/api/ds/query`: whatever short form it was written in.

use super::{CaseError, read_json};
use serde_json::{Value, json};
use std::path::Path;
use wellhead::name_queries;

/// The body, in which every query asks the data source `uid`.
pub(super) fn body(path: &Path, uid: &str) -> Result<Value, CaseError> {
    let invalid = |reason: &str| CaseError::Invalid { path: path.to_owned(), reason: reason.to_owned() };
    let written = read_json(path)?.ok_or_else(|| invalid("it is not there"))?;
    let mut body = match written {
        Value::Array(queries) => json!({ "queries": queries }),
        Value::Object(object) if object.contains_key("queries") => Value::Object(object),
        Value::Object(query) => json!({ "queries": [query] }),
        _ => {
            return Err(invalid(
                "it is no query: write an object, an array of them, or {\"from\", \"to\", \"queries\"}",
            ));
        }
    };
    let object = body.as_object_mut().ok_or_else(|| invalid("it is no object"))?;
    object.entry("from").or_insert_with(|| "now-1h".into());
    object.entry("to").or_insert_with(|| "now".into());
    let queries = object.get_mut("queries").and_then(Value::as_array_mut);
    let queries = queries.ok_or_else(|| invalid("its queries are no array"))?;
    if queries.is_empty() {
        return Err(invalid("it asks nothing: write at least one query"));
    }
    let mut named = Vec::with_capacity(queries.len());
    for query in queries.drain(..) {
        let Value::Object(mut query) = query else { return Err(invalid("one of its queries is no object")) };
        query.insert("datasource".to_owned(), json!({ "uid": uid }));
        named.push(query);
    }
    name_queries(&mut named);
    queries.extend(named.into_iter().map(Value::Object));
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Value, CaseError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("query.json");
        std::fs::write(&path, text).unwrap();
        body(&path, "u")
    }

    #[test]
    fn every_short_form_becomes_a_whole_body() {
        for text in [r#"{"expr":"up"}"#, r#"[{"expr":"up"}]"#, r#"{"queries":[{"expr":"up"}],"to":"now"}"#] {
            let expected = json!({
                "from": "now-1h", "to": "now",
                "queries": [{ "expr": "up", "refId": "A", "datasource": { "uid": "u" } }],
            });
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn however_many_queries_there_are_each_has_a_name_of_its_own() {
        let body = read(&json!(vec![json!({}); 60]).to_string()).unwrap();
        let names = body["queries"].as_array().unwrap().iter().map(|query| query["refId"].as_str().unwrap());
        assert_eq!(names.collect::<std::collections::HashSet<_>>().len(), 60);
    }

    #[test]
    fn what_is_no_query_is_said_with_the_file() {
        for (text, why) in [("5", "no query"), ("[5]", "no object"), ("[]", "asks nothing"), ("{", "EOF")] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains("query.json: ") && error.contains(why), "{error}");
        }
    }
}
