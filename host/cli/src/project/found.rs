//! A project that is there: which language it is in, how it is built, what of it is watched.

use super::Language;
use super::js::{self, JsProject};
use super::process::Stop;
use super::python::{self, PythonProject};
use super::rust::CargoProject;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// What builds the projects of one language. Everything here blocks.
pub(crate) trait Builder: Send + Sync {
    /// Says which tool is missing, and the command that installs it.
    fn check_tools(&self) -> Result<()>;

    /// Builds the plugin. What is wrong with the source is said on standard error, in the words of the language's tools;
    /// `quiet` leaves out what they say of their progress.
    fn build(&self, quiet: bool, stop: &Stop) -> Result<Option<Artifact>>;

    /// The folders whose files the plugin is built from.
    fn sources(&self) -> Result<Vec<PathBuf>>;

    /// Files and folders in those that building writes, and folders that tools keep there.
    fn outputs(&self) -> Vec<PathBuf>;

    /// What was built last, by whomever; nothing where nothing was.
    fn built(&self) -> Option<Built>;

    /// The command that builds it, for a person in the project's folder.
    fn build_command(&self) -> String;
}

/// What a build made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// The component. Its manifest is embedded, or `STEM.plugin.json` lies beside it.
    pub(crate) wasm: PathBuf,
}

/// What is there of an earlier build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Built {
    pub(crate) wasm: PathBuf,
    /// The files it was made of, as far as they are known. Those that are gone may be among them.
    pub(crate) of: Vec<PathBuf>,
}

/// A plugin's project.
pub(crate) struct Project {
    /// Where it lies, as a whole path.
    pub(crate) folder: PathBuf,
    pub(crate) language: Language,
    pub(crate) name: String,
    pub(crate) builder: Box<dyn Builder>,
}

impl Project {
    /// Recognises the project in a folder by the file that its language's tools go by, and sees that they are there.
    pub(crate) fn find(path: &Path) -> Result<Self> {
        let folder = fs::canonicalize(path).with_context(|| format!("cannot look at {}", path.display()))?;
        if !folder.is_dir() {
            bail!("{} is no folder: name the folder of a plugin's project", path.display());
        }
        if folder.join("Cargo.toml").exists() {
            let project = CargoProject::find(&folder)?;
            // In the root of a workspace it is a member's.
            let (name, folder) = (project.name().to_owned(), project.folder().to_owned());
            return Ok(Self { folder, language: Language::Rust, name, builder: Box::new(project) });
        }
        if folder.join(python::MODULE).exists() {
            let project = PythonProject::find(&folder)?;
            let name = project.name().to_owned();
            return Ok(Self { folder, language: Language::Python, name, builder: Box::new(project) });
        }
        if folder.join(js::PACKAGE).exists() {
            let project = JsProject::find(&folder)?;
            let name = project.name().to_owned();
            return Ok(Self { folder, language: Language::Js, name, builder: Box::new(project) });
        }
        bail!(
            "no plugin's project in {}: there is no Cargo.toml, plugin.py or package.json; make a project with `wellhead new NAME`, or name its folder",
            path.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_plugin_of_a_workspace_is_found_in_its_root_and_its_folder_is_its_own() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        let member = root.join("a plugin");
        fs::create_dir_all(member.join("src")).unwrap();
        fs::write(member.join("src/lib.rs"), "").unwrap();
        fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = [\"a plugin\"]\nresolver = \"3\"\n").unwrap();
        let manifest = "[package]\nname = \"mine\"\n[lib]\ncrate-type = [\"cdylib\"]\n";
        fs::write(member.join("Cargo.toml"), manifest).unwrap();
        for place in [&root, &member] {
            let project = Project::find(place).unwrap();
            assert_eq!((project.folder.as_path(), project.name.as_str()), (member.as_path(), "mine"));
            assert_eq!(project.builder.sources().unwrap(), std::slice::from_ref(&member));
        }
    }
}
