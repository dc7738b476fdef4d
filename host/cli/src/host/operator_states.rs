//! `plugins.json` in the data folder: what operators said of plugins (pinned, disabled, not reloading by itself), so
//! that it is in force again after a restart. Written whole and put in place by a rename; for its owner alone.

use crate::config::Fault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::NamedTempFile;
use wellhead::OperatorState;
use wellhead_server::KeepOperatorStates;

/// The file's name in the data folder.
const NAME: &str = "plugins.json";

/// The file as it stands.
#[derive(Debug)]
pub(crate) struct OperatorStates {
    path: PathBuf,
    said: Mutex<Document>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    /// By plugin id. Plugins of which nothing is said are left out.
    plugins: BTreeMap<String, Said>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct Said {
    pinned: Option<String>,
    disabled: bool,
    auto_reload: bool,
}

impl Default for Said {
    fn default() -> Self {
        Self::from(OperatorState::default())
    }
}

impl From<OperatorState> for Said {
    fn from(state: OperatorState) -> Self {
        let OperatorState { pinned, disabled, auto_reload } = state;
        Self { pinned, disabled, auto_reload }
    }
}

impl From<Said> for OperatorState {
    fn from(said: Said) -> Self {
        let Said { pinned, disabled, auto_reload } = said;
        Self { pinned, disabled, auto_reload }
    }
}

impl OperatorStates {
    /// Reads the file in `data`; where there is none, nothing was said.
    pub(crate) fn read(data: &Path) -> Result<Self, Fault> {
        let path = data.join(NAME);
        let said = match fs::read(&path) {
            Ok(bytes) => parse(&bytes).map_err(|problem| {
                let cure = "mend it, or delete it: then no plugin is pinned or disabled, and each follows its file";
                Fault::new(path.display(), format!("what operators said of plugins cannot be read: {problem}"))
                    .cure(cure)
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => Document::default(),
            Err(error) => return Err(Fault::new(path.display(), format!("cannot be read: {error}"))),
        };
        Ok(Self { path, said: Mutex::new(said) })
    }

    /// Every plugin of which something is said.
    pub(crate) fn all(&self) -> Vec<(String, OperatorState)> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.plugins.iter().map(|(id, said)| (id.clone(), said.clone().into())).collect()
    }
}

fn parse(bytes: &[u8]) -> Result<Document, String> {
    let document: Document = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
    for (id, said) in &document.plugins {
        if let Some(pinned) = said.pinned.as_deref().filter(|pinned| !is_hash(pinned)) {
            return Err(format!("plugin {id:?} is pinned to {pinned:?}, which is not 64 hex digits"));
        }
    }
    Ok(document)
}

impl KeepOperatorStates for OperatorStates {
    fn keep(&self, plugin_id: &str, state: OperatorState) -> io::Result<()> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = said.clone();
        if state == OperatorState::default() {
            next.plugins.remove(plugin_id);
        } else {
            next.plugins.insert(plugin_id.to_owned(), state.into());
        }
        if next != *said {
            write(&self.path, &next)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display())))?;
            *said = next;
        }
        Ok(())
    }
}

/// A crash at any moment leaves the old file or the new one.
fn write(path: &Path, document: &Document) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Made with mode 0600.
    let mut file = NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut file, document)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_kept_is_there_again_for_its_owner_alone_and_nothing_is_left_of_defaults() {
        let data = tempfile::tempdir().unwrap();
        let states = OperatorStates::read(data.path()).unwrap();
        assert_eq!(states.all(), []);
        let pinned = OperatorState { pinned: Some("0f".repeat(32)), ..OperatorState::default() };
        let disabled = OperatorState { disabled: true, auto_reload: false, ..OperatorState::default() };
        states.keep("p", pinned.clone()).unwrap();
        states.keep("q", disabled.clone()).unwrap();
        let mode = fs::metadata(data.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = OperatorStates::read(data.path()).unwrap();
        assert_eq!(again.all(), [("p".to_owned(), pinned), ("q".to_owned(), disabled.clone())]);
        again.keep("p", OperatorState::default()).unwrap();
        assert_eq!(OperatorStates::read(data.path()).unwrap().all(), [("q".to_owned(), disabled)]);
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn a_damaged_file_is_named_with_what_is_wrong_and_what_to_do() {
        for (text, wrong) in [
            ("{", "EOF while parsing"),
            ("{\"plugins\":{\"p\":{\"disbaled\":true}}}", "unknown field `disbaled`"),
            ("{\"plugins\":{\"p\":{\"pinned\":\"12\"}}}", "plugin \"p\" is pinned to \"12\""),
        ] {
            let data = tempfile::tempdir().unwrap();
            fs::write(data.path().join(NAME), text).unwrap();
            let fault = OperatorStates::read(data.path()).unwrap_err().to_string();
            assert!(fault.contains("plugins.json: ") && fault.contains(wrong), "{fault}");
            assert!(fault.contains("mend it, or delete it"), "{fault}");
        }
    }
}
