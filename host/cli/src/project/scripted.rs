//! What projects have in common whose component the SDK makes by running the author's module: one module, a manifest
//! beside it, and the component in `target/`, where hosts find a copy of the manifest beside it.

use super::found::Artifact;
use super::process::{self, Stop};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MANIFEST: &str = "plugin.json";
/// Where components are put: tools and people leave that folder alone.
const TARGET: &str = "target";

/// Where things are in such a project.
pub(super) struct Scripted {
    pub(super) folder: PathBuf,
    /// The author's module, in the folder.
    pub(super) module: PathBuf,
    /// The plugin's id.
    pub(super) name: String,
}

/// What is read here of a manifest. All else is the host's to judge.
#[derive(Deserialize)]
struct Manifest {
    id: String,
}

impl Scripted {
    /// The project in `folder`, whose module is called `module`.
    pub(super) fn find(folder: &Path, module: &str) -> Result<Self> {
        let manifest = folder.join(MANIFEST);
        let text = fs::read(&manifest).with_context(|| format!("cannot read the manifest {}", manifest.display()))?;
        let Manifest { id } = serde_json::from_slice(&text).with_context(|| manifest.display().to_string())?;
        if id.is_empty() || id.contains(['/', '\\', '\0']) {
            bail!("{}: the id {id:?} cannot be a file's name", manifest.display());
        }
        let module = folder.join(module);
        if !module.is_file() {
            bail!("{} is not there, which is the plugin's module", module.display());
        }
        Ok(Self { folder: folder.to_owned(), module, name: id })
    }

    /// Where the component is put.
    pub(super) fn component(&self) -> PathBuf {
        self.folder.join(TARGET).join(format!("{}.wasm", self.name.replace('-', "_")))
    }

    /// Runs the SDK's `build`, which `sdk` is.
    pub(super) fn build(&self, mut sdk: Command, stop: &Stop) -> Result<Option<Artifact>> {
        let wasm = self.component();
        sdk.arg("build").arg(&self.module).arg("-o").arg(&wasm).current_dir(&self.folder);
        let status = process::run(&mut sdk, stop, |line| eprintln!("{line}"))?;
        if !status.success() {
            return Ok(None);
        }
        let beside = wasm.with_extension("plugin.json");
        fs::copy(self.folder.join(MANIFEST), &beside).with_context(|| format!("cannot write {}", beside.display()))?;
        Ok(Some(Artifact { wasm }))
    }

    /// What building writes.
    pub(super) fn outputs(&self) -> Vec<PathBuf> {
        vec![self.folder.join(TARGET)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_without_its_manifest_or_module_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |what: &str| {
            let error = format!("{:#}", Scripted::find(folder.path(), "plugin.py").err().unwrap());
            assert!(error.contains(what), "{error}");
        };
        refused("cannot read the manifest");
        fs::write(folder.path().join("plugin.json"), "{").unwrap();
        refused("line 1");
        fs::write(folder.path().join("plugin.json"), r#"{"id":"../x"}"#).unwrap();
        refused("cannot be a file's name");
        fs::write(folder.path().join("plugin.json"), r#"{"id":"my-source"}"#).unwrap();
        refused("plugin.py is not there");
        fs::write(folder.path().join("plugin.py"), "").unwrap();
        let project = Scripted::find(folder.path(), "plugin.py").unwrap();
        assert!(project.component().ends_with("target/my_source.wasm"));
    }
}
