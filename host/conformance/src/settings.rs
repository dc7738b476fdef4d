//! `settings.json` of a case: one entry of a provisioning file, which provisioning itself reads: its keys, its checks, its
//! variables.

use serde_json::{Map, Value, json};
use std::fs;
use wellhead::{DataSource, Problem, Provisioning};

/// What stands in place of a secret that is not known: what a recording has in its place too.
const BLANK: &str = "[secret]";

/// Reads an entry. What it need not say follows from the plugin.
pub(crate) fn read(text: &[u8], plugin_id: &str) -> Result<DataSource, String> {
    let mut entry: Map<String, Value> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    for (key, default) in [("type", plugin_id), ("name", "case"), ("uid", "case")] {
        entry.entry(key).or_insert_with(|| default.into());
    }
    let secrets = entry.get("secureJsonData").and_then(Value::as_object).into_iter().flatten();
    let secrets: Vec<String> = secrets.map(|(key, _)| key.clone()).collect();
    // Provisioning reads folders: this one is there for a moment, for this user's eyes.
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = json!({ "apiVersion": 1, "datasources": [entry] });
    fs::write(folder.path().join("settings.yaml"), file.to_string()).map_err(|error| error.to_string())?;
    let read = Provisioning::read(folder.path()).map_err(|error| sentences(&error.problems))?;
    let mut source = read.data_sources().next().cloned().ok_or("no data source in it")?;
    source.org_id = 1;
    // Provisioning leaves out secrets whose variable is not set: a replay is to know that they are there.
    for key in secrets {
        if source.secure_json_data.keys().all(|known| *known != key) {
            source.secure_json_data.insert(key, "");
        }
    }
    Ok(source)
}

/// Gives a data source that plays a recording the secrets the recording has: where a variable is not set, the blank one.
pub(crate) fn blank_secrets(source: &mut DataSource) {
    let empty: Vec<String> =
        source.secure_json_data.plain().filter(|(_, value)| value.is_empty()).map(|(key, _)| key.to_owned()).collect();
    empty.into_iter().for_each(|key| source.secure_json_data.insert(key, BLANK));
}

/// Without file and line, which are those of the temporary file.
fn sentences(problems: &[Problem]) -> String {
    let sentence = |problem: &Problem| match &problem.key {
        Some(key) => format!("{}: {}", key.trim_start_matches("datasources[0]."), problem.reason),
        None => problem.reason.clone(),
    };
    problems.iter().map(sentence).collect::<Vec<_>>().join("; ")
}
