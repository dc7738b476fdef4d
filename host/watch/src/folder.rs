//! Which names in a plugins folder belong to which plugin, and what the file system says of them. All of it blocks.

use crate::WatchError;
use crate::fingerprint::{Part, Parts, Role};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, io};

const WASM: &str = ".wasm";
const SIDECAR: &str = ".plugin.json";

/// What a plugins folder holds, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// `STEM.wasm`, sorted.
    pub components: Vec<PathBuf>,
    /// `STEM.plugin.json` with no `STEM.wasm` beside it, sorted.
    pub frontends: Vec<PathBuf>,
}

impl Found {
    /// Looks once, for a caller that does not watch. Blocks on the file system.
    ///
    /// # Errors
    /// [`WatchError::Folder`] if the folder cannot be listed.
    pub fn scan(folder: impl Into<PathBuf>) -> Result<Self, WatchError> {
        let folder = Folder::new(folder.into());
        let plugins = folder.scan().map_err(|error| folder.failed(error))?;
        Ok(Self::of(&folder, &plugins))
    }

    pub(crate) fn of(folder: &Folder, plugins: &BTreeMap<String, Parts>) -> Self {
        let mut found = Self::default();
        for (stem, parts) in plugins {
            match parts.role() {
                Some(role @ Role::Component) => found.components.push(folder.file(stem, role)),
                Some(role @ Role::Frontend) => found.frontends.push(folder.file(stem, role)),
                None => {}
            }
        }
        // By stem `a-b` comes after `a`, by file name before it.
        found.components.sort();
        found.frontends.sort();
        found
    }
}

/// The stem of the plugin that a file's name belongs to; `None` if it belongs to none.
pub(crate) fn stem(name: &OsStr) -> Option<&str> {
    let name = name.to_str().filter(|name| !name.starts_with('.'))?;
    name.strip_suffix(WASM).or_else(|| name.strip_suffix(SIDECAR))
}

/// A plugins folder, as its owner names it.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn failed(&self, error: io::Error) -> WatchError {
        WatchError::Folder { folder: self.path.clone(), error }
    }

    /// The file by which a plugin is known.
    pub(crate) fn file(&self, stem: &str, role: Role) -> PathBuf {
        let ending = match role {
            Role::Component => WASM,
            Role::Frontend => SIDECAR,
        };
        self.path.join(format!("{stem}{ending}"))
    }

    /// The fingerprint of one plugin.
    pub(crate) fn look(&self, stem: &str) -> Parts {
        let part = |role| Part::of(&self.file(stem, role));
        Parts { wasm: part(Role::Component), sidecar: part(Role::Frontend), linked: false }
    }

    /// The fingerprints of all plugins, by stem: one listing, and a `stat` for each of their files.
    pub(crate) fn scan(&self) -> io::Result<BTreeMap<String, Parts>> {
        let mut plugins = BTreeMap::<String, Parts>::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(stem) = stem(&name) else { continue };
            let part = Part::of(&entry.path());
            let parts = plugins.entry(stem.to_owned()).or_default();
            // No system call: the listing says it.
            parts.linked |= entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if name.as_encoded_bytes().ends_with(WASM.as_bytes()) {
                parts.wasm = part;
            } else {
                parts.sidecar = part;
            }
        }
        Ok(plugins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_folder_holds_components_and_front_ends_and_much_that_is_neither() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a.wasm", "a.plugin.json", "a-b.wasm", "v1.2.wasm", "v1.2.plugin.json", "panel.plugin.json"];
        let others =
            [".wasm", ".plugin.json", ".tmp.wasm", "..data", "README.md", "a.wasm.bak", "plugin.json", "x.json"];
        for name in names.iter().chain(&others) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::write(folder.path().join(OsStr::from_bytes(b"\xff.wasm")), "").unwrap();
        let found = Found::scan(folder.path()).unwrap();
        let of = |names: &[&str]| names.iter().map(|name| folder.path().join(name)).collect::<Vec<_>>();
        assert_eq!(found.components, of(&["a-b.wasm", "a.wasm", "v1.2.wasm"]));
        assert_eq!(found.frontends, of(&["panel.plugin.json"]));
    }

    #[test]
    fn the_error_about_a_missing_folder_names_it_and_the_cure() {
        let error = Found::scan("/nowhere/plugins").unwrap_err().to_string();
        assert_eq!(
            error,
            "plugins folder /nowhere/plugins: No such file or directory (os error 2); \
             make the folder, or name one that can be read"
        );
    }
}
