//! An author's case: a folder with a query, the traffic it causes, and the answer it must have.
//!
//! | file | what it holds |
//! |---|---|
//! | `query.json` | a query, an array of them, or a body of `/api/ds/query` with `from`, `to` and `queries` |
//! | `settings.json` | the data source: one entry of a provisioning file; may be left out |
//! | `http/*.json`, `net/*.json` | the traffic, recorded or written by hand: see [`wellhead::Recording`] |
//! | `recording.json` | when it was recorded, and the seed of its random numbers: what the replay is told, too |
//! | `expected.json` | the answer by refId, its frames in Grafana's JSON |
//!
//! A login that hashes a password replays only with the password it was recorded with. A secret that `settings.json` takes
//! from a variable is blank in a recording; in a replay it is the variable's value, and blank again where that is not set.

mod expected;
mod query;
mod run;
mod stamp;

use crate::settings;
use serde_json::{Map, Value};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use wellhead::{DataSource, Determinism, QueryRequest, Recording, RecordingError, TimeRange};

pub(crate) use stamp::standing;

/// What is wrong with a case, or with the folder of all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// A file or folder cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {reason}", path.display())]
    Invalid {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The recorded traffic cannot be read or written.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

/// Where a case says what its data source is.
const SETTINGS: &str = "settings.json";

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The folder's name.
    pub name: String,
    /// Where it is.
    pub folder: PathBuf,
}

impl Case {
    /// Every folder in `folder` that has a `query.json`, by name. None where `folder` is not there.
    ///
    /// # Errors
    /// [`CaseError::Io`].
    pub fn all(folder: &Path) -> Result<Vec<Self>, CaseError> {
        let failed = |error| CaseError::Io { path: folder.to_owned(), error };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut cases = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if entry.path().join("query.json").is_file() {
                cases.push(Self { name: entry.file_name().to_string_lossy().into_owned(), folder: entry.path() });
            }
        }
        cases.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(cases)
    }

    /// As results name it.
    #[must_use]
    pub fn title(&self) -> String {
        format!("case/{}", self.name)
    }

    /// Its first query and the range it is asked over, for rules to ask; `None` where it has none that can be read.
    pub(crate) fn first_query(&self, plugin_id: &str) -> Option<(Map<String, Value>, TimeRange)> {
        let (source, determinism) = self.replayed(plugin_id)?;
        let body = query::body(&self.folder.join("query.json"), &source.uid).ok()?;
        let request = QueryRequest::from_json_as_of(body.to_string().as_bytes(), determinism.now, false).ok()?;
        let first = body.get("queries")?.as_array()?.first()?.as_object()?.clone();
        Some((first, request.time_range()))
    }

    /// What was recorded for it; `None` where that is nothing, or cannot be read.
    pub(crate) fn recorded(&self, plugin_id: &str) -> Option<(DataSource, Recording, Determinism)> {
        let recording = Recording::read(&self.folder).ok().filter(|recording| !recording.is_empty())?;
        let (source, determinism) = self.replayed(plugin_id)?;
        Some((source, recording, determinism))
    }

    /// The data source that its author says the plugin takes, for rules to ask, too; `None` where he says nothing of one, or
    /// nothing that can be read.
    pub(crate) fn own_source(&self, plugin_id: &str) -> Option<DataSource> {
        let (source, _) = self.replayed(plugin_id)?;
        self.folder.join(SETTINGS).exists().then_some(source)
    }

    /// Its data source as a replay has it.
    fn replayed(&self, plugin_id: &str) -> Option<(DataSource, Determinism)> {
        let stamp = stamp::Stamp::read(&self.folder).ok()?;
        let mut source = self.source(plugin_id).ok()?;
        stamp.apply(&mut source);
        settings::blank_secrets(&mut source);
        Some((source, stamp.determinism()))
    }

    /// Its data source.
    fn source(&self, plugin_id: &str) -> Result<DataSource, CaseError> {
        let path = self.folder.join(SETTINGS);
        if !path.exists() {
            return Ok(DataSource::new("case", "case", plugin_id));
        }
        let text = Recording::read_file(&path)?;
        settings::read(&text, plugin_id).map_err(|reason| CaseError::Invalid { path, reason })
    }
}

/// Writes JSON for people. A link is replaced by the file: what it leads to may be anything.
fn write_json(path: &Path, value: &Value) -> Result<(), CaseError> {
    let failed = |error| CaseError::Io { path: path.to_owned(), error };
    let text = serde_json::to_string_pretty(value).map_err(|error| failed(error.into()))?;
    if path.is_symlink() {
        fs::remove_file(path).map_err(failed)?;
    }
    fs::write(path, format!("{text}\n")).map_err(failed)
}

/// Reads JSON, where the file is there.
fn read_json(path: &Path) -> Result<Option<Value>, CaseError> {
    let text = match Recording::read_file(path) {
        Ok(text) => text,
        Err(RecordingError::Io { error, .. }) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let invalid = |error: serde_json::Error| CaseError::Invalid { path: path.to_owned(), reason: error.to_string() };
    serde_json::from_slice(&text).map(Some).map_err(invalid)
}
