//! The settings file of a plugin that runs without a server: one entry of a provisioning file, or a provisioning file
//! with one entry, in YAML, JSON or TOML. Variables, keys and checks are those of provisioning, because it reads them.

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value, json};
use std::path::Path;
use wellhead::{DataSource, Problem, Provisioning};

/// Reads `file`. What the file need not say follows from the plugin: `type` is its id, `name` and `uid` are `local`.
pub(crate) fn read(file: &Path, plugin_id: &str) -> Result<DataSource> {
    let at = || format!("settings {}", file.display());
    let text = std::fs::read_to_string(file).with_context(at)?;
    let mut entry = entry(parse(file, &text).with_context(at)?).with_context(at)?;
    for key in ["name", "uid"] {
        entry.entry(key).or_insert_with(|| "local".into());
    }
    from_entry(entry, plugin_id).with_context(at)
}

/// The data source that an entry describes; its `type` is the plugin's id unless it says otherwise.
pub(crate) fn from_entry(mut entry: Map<String, Value>, plugin_id: &str) -> Result<DataSource> {
    entry.entry("type").or_insert_with(|| plugin_id.into());
    provisioned(entry)
}

/// The file as JSON. YAML is the rule, as in provisioning, and JSON is YAML; TOML goes by its name.
fn parse(file: &Path, text: &str) -> Result<Map<String, Value>> {
    if file.extension().is_some_and(|extension| extension == "toml") {
        return toml::from_str(text).map_err(|error| anyhow!("{}", error.to_string().trim_end()));
    }
    // Its own snippet could show a secret.
    serde_saphyr::from_str(text).map_err(|error| anyhow!("{}", error.without_snippet()))
}

/// The one data source in the file.
fn entry(mut file: Map<String, Value>) -> Result<Map<String, Value>> {
    match file.remove("datasources") {
        None => Ok(file),
        Some(Value::Array(mut entries)) if entries.len() == 1 => match entries.pop() {
            Some(Value::Object(entry)) => Ok(entry),
            _ => bail!("datasources[0] is not a table of keys and values"),
        },
        Some(Value::Array(entries)) => bail!("{} data sources: keep the one that is to be asked", entries.len()),
        Some(_) => bail!("datasources is not a list"),
    }
}

/// Has provisioning read the entry. It reads folders, so the entry becomes one for a moment, for this user's eyes only.
fn provisioned(entry: Map<String, Value>) -> Result<DataSource> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let file = json!({ "apiVersion": 1, "datasources": [entry] });
    std::fs::write(folder.path().join("settings.yaml"), file.to_string()).context("cannot write a temporary file")?;
    let read = Provisioning::read(folder.path()).map_err(|error| anyhow!("{}", sentences(&error.problems)))?;
    if !read.warnings.is_empty() {
        eprintln!("warning: {}", sentences(&read.warnings));
    }
    read.data_sources().next().cloned().context("no data source in it")
}

/// Problems without file and line, which are those of the temporary file.
fn sentences(problems: &[Problem]) -> String {
    let sentence = |problem: &Problem| match &problem.key {
        Some(key) => format!("{}: {}", key.trim_start_matches("datasources[0]."), problem.reason),
        None => problem.reason.clone(),
    };
    problems.iter().map(sentence).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(name: &str, text: &str) -> Result<DataSource> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        read(&file, "prometheus")
    }

    #[test]
    fn an_entry_is_read_in_three_languages() {
        let yaml = "url: http://x:1\njsonData: {httpMethod: GET}\nsecureJsonData: {k: v}\n";
        let json = r#"{"url":"http://x:1","jsonData":{"httpMethod":"GET"},"secureJsonData":{"k":"v"}}"#;
        let toml = "url = \"http://x:1\"\njsonData.httpMethod = \"GET\"\nsecureJsonData.k = \"v\"\n";
        for (name, text) in [("s.yaml", yaml), ("s.json", json), ("s.toml", toml)] {
            let source = read_as(name, text).unwrap();
            assert_eq!(
                (source.url.as_str(), source.plugin_id.as_str(), source.uid.as_str()),
                ("http://x:1", "prometheus", "local")
            );
            assert_eq!(source.json_data["httpMethod"], "GET");
            assert_eq!(source.secure_json_data.plain().collect::<Vec<_>>(), [("k", "v")]);
        }
    }

    #[test]
    fn a_provisioning_file_with_one_entry_will_do() {
        let one = "apiVersion: 1\ndatasources:\n- {name: P, type: prometheus, uid: p}\n";
        assert_eq!(read_as("s.yaml", one).unwrap().uid, "p");
        let two = format!("{one}- {{name: Q, type: prometheus}}\n");
        assert!(
            format!("{:#}", read_as("s.yaml", &two).unwrap_err())
                .ends_with("2 data sources: keep the one that is to be asked")
        );
    }

    #[test]
    fn a_fault_names_the_users_file_and_shows_no_secret() {
        let error = format!("{:#}", read_as("s.yaml", "access: sideways\n").unwrap_err());
        assert!(
            error.starts_with("settings ") && error.ends_with("s.yaml: access: is \"sideways\": write proxy or direct"),
            "{error}"
        );
        let error = format!("{:#}", read_as("s.yaml", "secureJsonData: {k: hunter2\n").unwrap_err());
        assert!(!error.contains("hunter2"), "{error}");
        let error = format!("{:#}", read_as("s.toml", "url = 5 5\n").unwrap_err());
        assert!(error.contains("line 1"), "{error}");
    }
}
