//! Upstream's answers in Prometheus' documented format, and the frames Grafana's plugin makes of them: a case is a
//! file `NAME.json` in `cases`, with the query, the answers by endpoint and the frames.
//! Where `WELLHEAD_FIXTURES` (or `../shared/fixtures`) is there, Grafana's own golden file too.

use std::path::{Path, PathBuf};

use super::support::{ask, frames, server, source};
use serde_json::{Value, json};

/// Grafana writes these only where they say something; a writer that always writes them is as good.
fn normal(mut value: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(object) => {
                for key in ["labels", "config", "name", "refId"] {
                    let empty = match object.get(key) {
                        Some(Value::Object(inner)) => inner.is_empty(),
                        Some(Value::String(text)) => text.is_empty(),
                        _ => false,
                    };
                    if empty {
                        object.remove(key);
                    }
                }
                object.values_mut().for_each(walk);
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            // 21 and 21.0 are the same number.
            Value::Number(number) => {
                if let Some(float) = number.as_f64() {
                    *value = json!(float);
                }
            }
            _ => {}
        }
    }
    walk(&mut value);
    value
}

fn case(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    let mut case: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let answers = case["answers"].take();
    server(move |asked| {
        let endpoint = asked.request.rsplit('/').next().unwrap();
        (200, answers[endpoint].to_string().into_bytes())
    });
    let range = |key: &str| case["range"][key].as_i64().unwrap();
    let result = ask(&source(json!({})), case["query"].clone(), range("from"), range("to")).unwrap();
    assert!(result.error.is_none(), "{}: {:?}", path.display(), result.error.as_ref());
    assert_eq!(normal(frames(&result)), normal(case["frames"].clone()), "{}", path.display());
    case
}

#[test]
fn answers_become_the_frames_that_grafana_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plugin/cases");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 8, "{cases:?}");
    for path in cases {
        case(&path);
    }
}

#[test]
fn grafanas_golden_file_is_matched() {
    let fixtures = std::env::var_os("WELLHEAD_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"), PathBuf::from);
    let Ok(entries) = std::fs::read_dir(fixtures.join("prometheus")) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".query.json")) {
            golden(&path.with_file_name(name));
        }
    }
}

/// Grafana's stored queries: `{RefId, RangeQuery, ExemplarQuery, Start, End, Step, Expr, LegendFormat}`.
fn golden(stem: &Path) {
    let read = |suffix: &str| std::fs::read_to_string(format!("{}.{suffix}", stem.display())).unwrap();
    let stored: Value = serde_json::from_str(&read("query.json")).unwrap();
    let answer = read("result.json");
    // Lines that begin with // are a picture of the frames for people.
    let golden: String = read("result.golden.jsonc").lines().filter(|line| !line.starts_with("//")).collect();
    let golden: Value = serde_json::from_str(&golden).unwrap();
    let exemplars = stored["ExemplarQuery"].as_bool().unwrap_or_default();
    let no_values = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
    server(move |asked| {
        let of_this = asked.request.ends_with("query_exemplars") == exemplars;
        (200, if of_this { answer.clone() } else { no_values.to_owned() }.into_bytes())
    });
    let step = stored["Step"].as_i64().unwrap();
    let model = json!({
        "expr": stored["Expr"], "range": stored["RangeQuery"], "exemplar": stored["ExemplarQuery"],
        "legendFormat": stored["LegendFormat"], "interval": format!("{step}s"), "intervalMs": step * 1_000,
    });
    let result = ask(&source(json!({})), model, stored["Start"].as_i64().unwrap(), stored["End"].as_i64().unwrap());
    let mut given: Vec<Value> = frames(&result.unwrap()).as_array().unwrap().clone();
    let mut expected: Vec<Value> = golden["frames"].as_array().unwrap().clone();
    if exemplars {
        // Grafana's own test answers the range query beside with exemplars too; the last frame is the one that counts.
        expected = expected.split_off(expected.len() - 1);
        given = given.split_off(given.len() - 1);
    }
    assert_eq!(normal(given.into()), normal(expected.into()), "{}", stem.display());
}
