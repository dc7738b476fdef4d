//! The SDK's manifests for a new project. They inherit from this repository's workspace, which the project does not have:
//! what they inherit is written into them, as `cargo package` does.

use crate::project::embedded;
use std::collections::BTreeSet;
use toml::{Table, Value};

/// Tables of a manifest that only work on the SDK itself needs.
const NOT_FOR_USERS: &[&str] = &["bench", "dev-dependencies", "lints", "test"];
/// Sections of a manifest, or of one of its targets, that name dependencies.
pub(super) const DEPENDENCIES: &[&str] = &["dependencies", "build-dependencies"];

/// What is at fault where a manifest of this repository cannot be carried over: a test sees it first.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SdkError {
    /// It is no TOML.
    #[error("{path}: {error}")]
    Toml {
        /// In the repository.
        path: String,
        /// The parser's word.
        error: String,
    },
    /// It inherits what the workspace does not have.
    #[error("{path}: the workspace has no {key}")]
    NotInherited {
        /// In the repository.
        path: String,
        /// The key.
        key: String,
    },
}

/// The workspace of this repository.
pub(super) struct Workspace {
    table: Table,
}

impl Workspace {
    pub(super) fn read() -> Result<Self, SdkError> {
        let mut root = parse("Cargo.toml")?;
        let Some(Value::Table(table)) = root.remove("workspace") else {
            return Err(missing("Cargo.toml", "workspace"));
        };
        Ok(Self { table })
    }

    /// A key of `[workspace.package]`.
    pub(super) fn package(&self, key: &str) -> Result<&str, SdkError> {
        let found = self.table.get("package").and_then(|package| package.get(key)).and_then(Value::as_str);
        found.ok_or_else(|| missing("Cargo.toml", key))
    }

    /// An entry of `[workspace.dependencies]`, as it stands in a manifest's line.
    pub(super) fn dependency(&self, name: &str) -> Result<String, SdkError> {
        self.inherited("Cargo.toml", name).map(|entry| Value::Table(entry).to_string())
    }

    fn inherited(&self, path: &str, name: &str) -> Result<Table, SdkError> {
        match self.table.get("dependencies").and_then(|all| all.get(name)) {
            Some(Value::String(version)) => Ok(Table::from_iter([("version".to_owned(), version.as_str().into())])),
            Some(Value::Table(entry)) => Ok(entry.clone()),
            _ => Err(missing(path, name)),
        }
    }

    /// The manifest in `folder` of this repository, with nothing left in it that is inherited.
    pub(super) fn manifest(&self, folder: &str) -> Result<Table, SdkError> {
        let path = format!("{folder}/Cargo.toml");
        let mut manifest = parse(&path)?;
        for key in NOT_FOR_USERS {
            manifest.remove(*key);
        }
        if let Some(Value::Table(package)) = manifest.get_mut("package") {
            for (key, value) in package.iter_mut().filter(|(_, value)| is_inherited(value)) {
                let own = self.table.get("package").and_then(|package| package.get(key));
                *value = own.cloned().ok_or_else(|| missing(&path, key))?;
            }
        }
        self.inherit(&path, folder, &mut manifest)?;
        if let Some(Value::Table(targets)) = manifest.get_mut("target") {
            for (_, target) in targets.iter_mut() {
                if let Value::Table(target) = target {
                    target.remove("dev-dependencies");
                    self.inherit(&path, folder, target)?;
                }
            }
        }
        Ok(manifest)
    }

    /// Completes the dependencies in `table`, a manifest or one of its targets.
    fn inherit(&self, path: &str, folder: &str, table: &mut Table) -> Result<(), SdkError> {
        for section in DEPENDENCIES {
            let Some(Value::Table(dependencies)) = table.get_mut(*section) else { continue };
            for (name, entry) in dependencies.iter_mut().filter(|(_, entry)| is_inherited(entry)) {
                let mut whole = self.inherited(path, name)?;
                if let Some(Value::String(to)) = whole.get("path") {
                    let from_here = relative(folder, to);
                    whole.insert("path".to_owned(), from_here.into());
                }
                let Value::Table(own) = entry else { continue };
                let features: BTreeSet<&str> = [&whole, &*own].into_iter().flat_map(features).collect();
                let features: Vec<Value> = features.into_iter().map(Value::from).collect();
                if !features.is_empty() {
                    whole.insert("features".to_owned(), features.into());
                }
                if let Some(optional) = own.get("optional") {
                    whole.insert("optional".to_owned(), optional.clone());
                }
                *entry = Value::Table(whole);
            }
        }
        Ok(())
    }
}

/// A file of this repository as TOML.
pub(super) fn parse(path: &str) -> Result<Table, SdkError> {
    embedded::text(path)
        .parse()
        .map_err(|error: toml::de::Error| SdkError::Toml { path: path.to_owned(), error: error.to_string() })
}

fn missing(path: &str, key: &str) -> SdkError {
    SdkError::NotInherited { path: path.to_owned(), key: key.to_owned() }
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool).unwrap_or_default()
}

fn features(entry: &Table) -> impl Iterator<Item = &str> {
    entry.get("features").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The way from one folder of the repository to another.
fn relative(from: &str, to: &str) -> String {
    let (from, to): (Vec<&str>, Vec<&str>) = (from.split('/').collect(), to.split('/').collect());
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from.iter().skip(shared).map(|_| "..");
    up.chain(to.iter().skip(shared).copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_manifests_is_inherited_any_more_and_paths_lead_on() {
        let workspace = Workspace::read().unwrap();
        let sdk = workspace.manifest("guest-sdk").unwrap();
        let frame = workspace.manifest("guest-sdk/frame").unwrap();
        for manifest in [&sdk, &frame] {
            let text = manifest.to_string();
            assert!(!text.contains("workspace"), "{text}");
            assert!(!text.contains("divan"), "{text}");
        }
        assert_eq!(sdk["dependencies"]["wellhead-frame"]["path"].as_str(), Some("frame"));
        assert_eq!(sdk["package"]["edition"].as_str(), Some(workspace.package("edition").unwrap()));
        // The union of the workspace's features and its own.
        assert_eq!(sdk["dependencies"]["wellhead-frame"]["default-features"].as_bool(), Some(false));
        assert_eq!(sdk["dependencies"]["wellhead-frame"]["features"].as_array().unwrap().len(), 1);
        assert_eq!(frame["dependencies"]["itoa"]["optional"].as_bool(), Some(true));
    }

    #[test]
    fn a_way_goes_up_and_down() {
        assert_eq!(relative("guest-sdk", "guest-sdk/frame"), "frame");
        assert_eq!(relative("guest-sdk/frame", "wit/deps"), "../../wit/deps");
    }
}
