//! Metadata: what a host, an editor and an operator go by.

use crate::Verdict;
use crate::subject::Subject;
use serde_json::Value;

/// What loading does not check already: it refuses a manifest without id, with an illegal one, or of another contract.
pub(super) fn manifest(subject: &Subject) -> Verdict {
    let manifest = &subject.manifest;
    let mut faults = Vec::new();
    if !is_semantic(&manifest.info.version) {
        faults.push(format!(
            "info.version is {:?}: write a semantic version such as 1.0.0; hosts tell generations by it",
            manifest.info.version
        ));
    }
    if manifest.info.description.trim().is_empty() {
        faults.push("info.description is missing: write one line; it is what people choose by".to_owned());
    }
    if manifest.name.trim().is_empty() {
        faults.push("name is empty: write what people know the data source by".to_owned());
    }
    if let Some(section) = &manifest.wellhead {
        let schemas = [("jsonDataSchema", &section.json_data_schema), ("querySchema", &section.query_schema)];
        for (key, schema) in schemas {
            let fault = schema.as_ref().and_then(schema_fault);
            faults.extend(fault.map(|fault| format!("wellhead.{key} {fault}")));
        }
    }
    let claims = manifest.other.get("streaming").and_then(Value::as_bool).unwrap_or_default();
    if claims && !subject.exports_streaming() {
        faults.push("streaming is true, but the component does not export wellhead:plugin/streaming".to_owned());
    }
    Verdict::unless((!faults.is_empty()).then(|| faults.join("\n")))
}

/// Three numbers, and what may follow them.
fn is_semantic(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    numbers.len() == 3 && numbers.iter().all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// What is wrong with a schema of an object, as far as that shows without a validator.
fn schema_fault(schema: &Value) -> Option<String> {
    let Some(object) = schema.as_object() else { return Some("is no JSON Schema: write an object".to_owned()) };
    match object.get("type").and_then(Value::as_str) {
        Some("object") => {}
        found => return Some(format!("describes {}: settings and queries are objects", found.unwrap_or("no type"))),
    }
    let properties = match object.get("properties") {
        None => return None,
        Some(Value::Object(properties)) => properties,
        Some(_) => return Some("has properties that are no object".to_owned()),
    };
    let required = object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut unknown = required.filter(|key| !properties.contains_key(*key));
    unknown.next().map(|key| format!("requires {key:?}, which its properties do not have"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_are_three_numbers_and_what_may_follow() {
        assert!(["1.0.0", "0.12.3-beta.1", "1.2.3+build"].into_iter().all(is_semantic));
        assert!(!["", "1", "1.0", "v1.0.0", "1.0.x", "1..0"].into_iter().any(is_semantic));
    }

    #[test]
    fn a_schema_of_something_else_than_an_object_is_a_fault() {
        assert_eq!(schema_fault(&json!({ "type": "object" })), None);
        for schema in [json!(1), json!({}), json!({ "type": "string" }), json!({ "type": "object", "properties": 1 })] {
            assert!(schema_fault(&schema).is_some(), "{schema}");
        }
        let fault = schema_fault(&json!({ "type": "object", "required": ["a"], "properties": { "b": {} } }));
        assert_eq!(fault.unwrap(), "requires \"a\", which its properties do not have");
    }
}
