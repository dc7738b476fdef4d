//! What a data source is to be, as flags and as a file.

use crate::secret;
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use std::io::Read;
use std::path::PathBuf;

/// More than any description of one data source has.
const MAX_BYTES: u64 = 4 << 20;

/// Flags win over `--set`, that over `--file`.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Fields {
    /// Start from a file: JSON or YAML, as `get -o json` prints it or as provisioning has it; - reads standard input
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Display name, unique in the org
    #[arg(long)]
    name: Option<String>,
    /// Id or alias of the plugin
    #[arg(long = "type", value_name = "PLUGIN")]
    plugin_id: Option<String>,
    /// Uid, unique in the org; made up where none is given
    #[arg(long)]
    uid: Option<String>,
    /// URL of the upstream
    #[arg(long)]
    url: Option<String>,
    /// User at the upstream
    #[arg(long)]
    user: Option<String>,
    /// Database at the upstream
    #[arg(long)]
    database: Option<String>,
    /// User of HTTP basic auth, which is then on
    #[arg(long, value_name = "USER")]
    basic_auth_user: Option<String>,
    /// Make it the org's default
    #[arg(long)]
    default: bool,
    /// Any other field: jsonData.httpMethod=POST. The value is JSON where it is that, else text
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// A secret: KEY=env:VARIABLE, KEY=file:PATH, or KEY=- for standard input; KEY= removes it. Never the value itself,
    /// which others on this machine could read
    #[arg(long, value_name = "KEY=FROM")]
    secret: Vec<String>,
}

impl Fields {
    /// The body of the command: these over what there is.
    pub(super) fn over(&self, before: Value) -> Result<Value> {
        let mut body = match before {
            Value::Object(before) => before,
            _ => Map::new(),
        };
        // What the file does not name stays, and so does the version, which tells whether somebody else was faster.
        body.extend(self.file.as_ref().map(read).transpose()?.unwrap_or_default());
        for assignment in &self.set {
            // Not shown back where it has no field: it may be a secret that was meant for another flag.
            let (field, value) = assignment.split_once('=').context("--set: write FIELD=VALUE")?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            set(&mut body, field, value).with_context(|| format!("--set {field}"))?;
        }
        let texts = [
            ("name", &self.name),
            ("type", &self.plugin_id),
            ("uid", &self.uid),
            ("url", &self.url),
            ("user", &self.user),
            ("database", &self.database),
            ("basicAuthUser", &self.basic_auth_user),
        ];
        for (field, value) in texts {
            if let Some(value) = value {
                body.insert(field.to_owned(), value.clone().into());
            }
        }
        if self.basic_auth_user.is_some() {
            body.insert("basicAuth".to_owned(), true.into());
        }
        if self.default {
            body.insert("isDefault".to_owned(), true.into());
        }
        for secret in &self.secret {
            let (key, from) = secret.split_once('=').context("--secret: write KEY=env:VARIABLE")?;
            let value = secret::read(&format!("--secret {key}"), from)?;
            set(&mut body, &format!("secureJsonData.{key}"), value.into())?;
        }
        Ok(Value::Object(body))
    }
}

fn read(file: &PathBuf) -> Result<Map<String, Value>> {
    let (name, text) = if file.as_os_str() == "-" {
        let mut text = String::new();
        let read = std::io::stdin().take(MAX_BYTES).read_to_string(&mut text);
        ("standard input".to_owned(), read.map(|_| text))
    } else {
        (file.display().to_string(), std::fs::read_to_string(file))
    };
    let text = text.with_context(|| format!("cannot read {name}"))?;
    // JSON is YAML. Its own snippet could show a secret.
    let read: Result<Map<String, Value>, _> = serde_saphyr::from_str(&text);
    let mut body = read.map_err(|error| anyhow::anyhow!("{name}: {}", error.without_snippet()))?;
    // What names the one it was read from, and is not to be taken over.
    for field in ["id", "version", "orgId", "readOnly"] {
        body.remove(field);
    }
    Ok(body)
}

/// Sets `a.b.c`, making the objects on the way.
fn set(body: &mut Map<String, Value>, path: &str, value: Value) -> Result<()> {
    let (first, rest) = match path.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    if first.is_empty() {
        bail!("a field has no name");
    }
    let Some(rest) = rest else {
        body.insert(first.to_owned(), value);
        return Ok(());
    };
    match body.entry(first).or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(inner) => set(inner, rest, value),
        _ => bail!("{first} has no fields"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_is_laid_over_what_there_is_and_the_version_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("source.yaml");
        std::fs::write(&file, "name: new\nversion: 7\n").unwrap();
        let fields = Fields { file: Some(file), ..Fields::default() };
        let body = fields.over(json!({"name": "old", "url": "http://x", "version": 3})).unwrap();
        assert_eq!(body, json!({"name": "new", "url": "http://x", "version": 3}));
    }

    #[test]
    fn what_may_be_a_secret_is_not_repeated() {
        for fields in [
            Fields { secret: vec!["hunter2".to_owned()], ..Fields::default() },
            Fields { set: vec!["hunter2".to_owned()], ..Fields::default() },
            Fields { set: vec![".=hunter2".to_owned()], ..Fields::default() },
        ] {
            let error = format!("{:#}", fields.over(json!({})).unwrap_err());
            assert!(!error.contains("hunter2") && error.contains("--se"), "{error}");
        }
    }

    #[test]
    fn flags_win_over_set_and_both_over_what_there_is() {
        let fields = Fields {
            name: Some("New".into()),
            set: vec!["name=Old".into(), "jsonData.httpMethod=POST".into(), "jsonData.n=5".into()],
            basic_auth_user: Some("me".into()),
            ..Fields::default()
        };
        let body = fields.over(json!({"url": "http://x", "jsonData": {"kept": true}})).unwrap();
        let json_data = json!({"kept": true, "httpMethod": "POST", "n": 5});
        let expected = json!({
            "url": "http://x", "jsonData": json_data, "name": "New", "basicAuthUser": "me", "basicAuth": true,
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn a_secret_comes_from_elsewhere_and_is_never_repeated() {
        let with = |secret: &str| Fields { secret: vec![secret.into()], ..Fields::default() };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hunter2\n").unwrap();
        let body = with(&format!("k=file:{}", file.path().display())).over(Value::Null).unwrap();
        assert_eq!(body, json!({"secureJsonData": {"k": "hunter2"}}));
        assert_eq!(with("k=").over(Value::Null).unwrap(), json!({"secureJsonData": {"k": ""}}));
        let error = format!("{:#}", with("k=hunter2").over(Value::Null).unwrap_err());
        assert!(!error.contains("hunter2") && error.contains("env:VARIABLE"), "{error}");
    }

    #[test]
    fn a_field_of_what_is_no_object_cannot_be_set() {
        let fields = Fields { set: vec!["url.x=1".into()], ..Fields::default() };
        assert!(fields.over(json!({"url": "http://x"})).is_err());
    }
}
