//! `dev.toml`: the data source a plugin is tried with, and what is asked of it.

use crate::ask::{QueryDefaults, Request, settings_from_entry};
use crate::config::Fault;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use toml::Spanned;
use wellhead::DataSource;

/// The file's name, in the project's folder.
pub(super) const FILE: &str = "dev.toml";
/// The data source's uid, where the file gives it none.
const UID: &str = "dev";

/// What `dev.toml` says.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    datasource: Map<String, Value>,
    /// The folder of the sample API, if there is to be one.
    pub(super) sample_api: Option<PathBuf>,
    /// The queries; empty where the file has none.
    pub(super) queries: Option<Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    from: Option<String>,
    to: Option<String>,
    sample_api: Option<Spanned<PathBuf>>,
    #[serde(default)]
    datasource: Map<String, Value>,
    #[serde(default)]
    queries: Vec<Map<String, Value>>,
}

impl Settings {
    /// Reads the file in `project`. A project without one has a data source without settings, and no queries.
    pub(super) fn read(project: &Path) -> Result<Self, Fault> {
        let path = project.join(FILE);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            text => text.map_err(|error| Fault::new(path.display(), error))?,
        };
        let file: File = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            Fault::new(format!("{}:{line}", path.display()), error.message())
        })?;
        let sample_api = file.sample_api.map(|folder| {
            let line = line_of(&text, folder.span().start);
            let folder = project.join(folder.into_inner());
            if folder.is_dir() {
                return Ok(folder);
            }
            let problem = format!("sample-api: {} is no folder", folder.display());
            Err(Fault::new(format!("{}:{line}", path.display()), problem).cure("make it, or take the line out"))
        });
        let queries = match file.queries.is_empty() {
            true => None,
            false => {
                Some(request(file.queries, file.from, file.to).map_err(|error| Fault::new(path.display(), error))?)
            }
        };
        Ok(Self { datasource: file.datasource, sample_api: sample_api.transpose()?, queries })
    }

    /// The data source for this plugin; `sample_api` is its URL where it is given none.
    pub(super) fn data_source(&self, plugin_id: &str, sample_api: Option<&str>) -> anyhow::Result<DataSource> {
        let mut entry = self.datasource.clone();
        for key in ["name", "uid"] {
            entry.entry(key).or_insert_with(|| UID.into());
        }
        if let Some(url) = sample_api {
            entry.entry("url").or_insert_with(|| url.into());
        }
        let mut source =
            settings_from_entry(entry, plugin_id).map_err(|error| error.context(format!("{FILE}: datasource")))?;
        // There is one data source here: whose it is does not matter.
        source.org_id = 1;
        Ok(source)
    }
}

fn request(queries: Vec<Map<String, Value>>, from: Option<String>, to: Option<String>) -> anyhow::Result<Request> {
    let text = Value::from_iter(queries.into_iter().map(Value::Object)).to_string();
    let (from, to) = (from.unwrap_or_else(|| "now-1h".to_owned()), to.unwrap_or_else(|| "now".to_owned()));
    Request::parse(&[text], &QueryDefaults::over(from, to))
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, Fault> {
        let project = tempfile::tempdir().unwrap();
        fs::create_dir(project.path().join("sample")).unwrap();
        fs::write(project.path().join(FILE), text).unwrap();
        Settings::read(project.path())
    }

    #[test]
    fn the_templates_file_is_understood() {
        let settings = read(include_str!("../../templates/every/dev.toml")).unwrap();
        let queries = settings.queries.as_ref().unwrap();
        let ids: Vec<_> = queries.queries.iter().map(|query| query["refId"].as_str().unwrap()).collect();
        assert_eq!((ids, queries.from.as_str()), (vec!["oslo", "lima"], "now-1h"));
        assert!(settings.sample_api.is_some());
        let source = settings.data_source("mine", Some("http://127.0.0.1:1")).unwrap();
        assert_eq!(
            (source.uid.as_str(), source.url.as_str(), source.plugin_id.as_str()),
            ("dev", "http://127.0.0.1:1", "mine")
        );
        assert_eq!(source.json_data["maxRows"], 100);
    }

    #[test]
    fn a_url_of_its_own_wins_over_the_sample_api() {
        let settings = read("datasource.url = \"http://there:1\"\n").unwrap();
        assert_eq!(settings.data_source("mine", Some("http://here:1")).unwrap().url, "http://there:1");
        assert!(settings.queries.is_none());
    }

    #[test]
    fn a_fault_names_file_and_line() {
        for (text, line, says) in [
            ("from = \"now\"\nto = 5\n", 2, "expected a string"),
            ("\nquerys = []\n", 2, "unknown field `querys`"),
            ("\n\nsample-api = \"gone\"\n", 3, "gone is no folder"),
            ("[datasource\n", 1, ""),
        ] {
            let fault = read(text).unwrap_err().to_string();
            assert!(fault.contains(&format!("{FILE}:{line}: ")) && fault.contains(says), "{fault}");
        }
        let error = read("datasource.access = \"sideways\"\n").unwrap().data_source("mine", None).unwrap_err();
        assert!(format!("{error:#}").contains("dev.toml: datasource: access: is \"sideways\""), "{error:#}");
    }
}
