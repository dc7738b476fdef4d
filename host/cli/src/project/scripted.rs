//! What projects have in common whose component the SDK makes by running the author's module: one module, a manifest
//! beside it, and the component in `target/`, where hosts find a copy of the manifest beside it.

use super::found::{Artifact, Built};
use super::process::{self, Stop};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MANIFEST: &str = "plugin.json";
/// Where components are put: tools and people leave that folder alone.
const TARGET: &str = "target";
/// Folders with nothing that becomes part of a component.
const ASIDE: &[&str] = &[TARGET, "node_modules", "__pycache__", "tests"];

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
    pub(super) fn build(&self, mut sdk: Command, quiet: bool, stop: &Stop) -> Result<Option<Artifact>> {
        let wasm = self.component();
        sdk.arg("build").arg(&self.module).arg("-o").arg(&wasm).current_dir(&self.folder);
        if quiet {
            sdk.arg("--quiet");
        }
        let status = process::run(&mut sdk, stop, |line| eprintln!("{line}"))?;
        if !status.success() {
            return Ok(None);
        }
        Ok(Some(Artifact { wasm }))
    }

    /// What an earlier build left, if it is whole. `is_source`: of a file's name, whether it may be part of a component.
    pub(super) fn built(&self, is_source: impl Fn(&str) -> bool) -> Option<Built> {
        let wasm = self.component();
        if !wasm.is_file() || !wasm.with_extension("plugin.json").is_file() {
            return None;
        }
        let mut of = vec![self.folder.join(MANIFEST)];
        collect(&self.folder, &is_source, &mut of);
        Some(Built { wasm, of })
    }

    /// The arguments of the SDK's `build`, as a person in the project's folder writes them.
    pub(super) fn build_arguments(&self) -> String {
        let relative = |path: &Path| path.strip_prefix(&self.folder).unwrap_or(path).display().to_string();
        format!("build {} -o {}", relative(&self.module), relative(&self.component()))
    }

    /// What building writes.
    pub(super) fn outputs(&self) -> Vec<PathBuf> {
        vec![self.folder.join(TARGET)]
    }
}

/// Adds the sources in a folder and below. What cannot be read is as what is not there.
fn collect(folder: &Path, is_source: &impl Fn(&str) -> bool, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        let kind = entry.file_type();
        if kind.is_ok_and(|kind| kind.is_dir()) {
            if !name.starts_with('.') && !ASIDE.contains(&&*name) {
                collect(&path, is_source, found);
            }
        } else if is_source(&name) {
            found.push(path);
        }
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
