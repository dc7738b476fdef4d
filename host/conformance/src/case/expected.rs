//! `expected.json`: the answer by refId, as `/api/ds/query` writes it, laid out for people.

use serde_json::{Map, Value, json};
use wellhead::{DataResponse, QueryResults};
use wellhead_frame::JsonOptions;

/// The answer as it is kept and compared.
pub(super) fn shown(results: &QueryResults) -> Result<Value, String> {
    let mut all = Map::new();
    for (ref_id, response) in &results.responses {
        all.insert(ref_id.clone(), of_query(response)?);
    }
    Ok(Value::Object(all))
}

fn of_query(response: &DataResponse) -> Result<Value, String> {
    let mut shown = Map::new();
    shown.insert("status".to_owned(), response.status.into());
    if let Some(error) = &response.error {
        shown.insert("error".to_owned(), error.message.clone().into());
        shown.insert("errorSource".to_owned(), error.source_of_error.as_str().into());
    }
    let frame = |frame: &wellhead::Frame| {
        let json = frame.to_json(&JsonOptions::default()).map_err(|error| error.to_string())?;
        serde_json::from_slice(&json).map_err(|error| error.to_string())
    };
    let frames: Vec<Value> = response.frames.iter().map(frame).collect::<Result<_, String>>()?;
    shown.insert("frames".to_owned(), json!(frames));
    Ok(Value::Object(shown))
}

/// The errors in an answer as it is kept, a sentence each.
pub(super) fn errors(shown: &Value) -> impl Iterator<Item = String> + '_ {
    shown.as_object().into_iter().flatten().filter_map(|(ref_id, answer)| {
        let (status, error) = (answer.get("status")?, answer.get("error")?.as_str()?);
        Some(format!("query {ref_id:?} was answered with status {status}: {error}"))
    })
}

/// A value as text that differs line by line.
pub(super) fn text(value: &Value) -> String {
    serde_json::to_string_pretty(value).map(|text| text + "\n").unwrap_or_default()
}
