//! Building a plugin with cargo. What it builds, and from what, cargo says itself.

use crate::project::found::{Artifact, Builder, Built};
use crate::project::process::{self, Stop};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

const TARGET: &str = "wasm32-wasip2";
/// Rust's own way to install itself: <https://www.rust-lang.org/tools/install>.
const INSTALL_RUST: &str = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";

/// A package that builds to a plugin.
pub(crate) struct CargoProject {
    package: Package,
    /// All packages of its workspace, by folder.
    members: BTreeMap<PathBuf, Package>,
    workspace: PathBuf,
    target: PathBuf,
}

/// What `cargo metadata` says, as far as it matters here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Clone, Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    dependencies: Vec<Dependency>,
}

#[derive(Clone, Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

impl Target {
    fn is_plugin(&self) -> bool {
        self.crate_types.iter().any(|kind| kind == "cdylib")
    }
}

#[derive(Clone, Deserialize)]
struct Dependency {
    path: Option<PathBuf>,
    kind: Option<String>,
}

/// One line of `cargo build --message-format=json`.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

impl Package {
    fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    fn is_plugin(&self) -> bool {
        self.targets.iter().any(Target::is_plugin)
    }
}

impl CargoProject {
    /// The plugin whose Cargo.toml is in `folder`; in the root of a workspace, its only one.
    pub(crate) fn find(folder: &Path) -> Result<Self> {
        let mut command = Command::new("cargo");
        command.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(folder);
        let Some(output) = process::output(&mut command)? else {
            bail!("cargo is missing: install Rust with `{INSTALL_RUST}`, then open a new shell")
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("cargo does not understand {}:\n{}", folder.join("Cargo.toml").display(), said.trim_end());
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
        let package = Self::plugin(folder, &metadata.packages)?.clone();
        let members = metadata.packages.into_iter().map(|package| (package.folder().to_owned(), package)).collect();
        Ok(Self { package, members, workspace: metadata.workspace_root, target: metadata.target_directory })
    }

    fn plugin<'a>(folder: &Path, packages: &'a [Package]) -> Result<&'a Package> {
        let manifest = folder.join("Cargo.toml");
        if let Some(package) = packages.iter().find(|package| package.manifest_path == manifest) {
            if !package.is_plugin() {
                bail!("{} builds no plugin: add [lib] with crate-type = [\"cdylib\"]", manifest.display());
            }
            return Ok(package);
        }
        let plugins: Vec<&Package> = packages.iter().filter(|package| package.is_plugin()).collect();
        match plugins.as_slice() {
            [only] => Ok(only),
            [] => bail!("no package of {} builds a plugin: none has crate-type = [\"cdylib\"]", manifest.display()),
            several => {
                let folders: Vec<_> = several.iter().map(|package| package.folder().display().to_string()).collect();
                bail!("{} has several plugins; name the folder of one: {}", manifest.display(), folders.join(", "))
            }
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.package.name
    }

    /// The package's own.
    pub(crate) fn folder(&self) -> &Path {
        self.package.folder()
    }
}

impl Builder for CargoProject {
    fn check_tools(&self) -> Result<()> {
        let mut command = Command::new("rustc");
        command.args(["--print", "target-libdir", "--target", TARGET]).current_dir(self.package.folder());
        let Some(output) = process::output(&mut command)? else {
            bail!("rustc is missing: install Rust with `{INSTALL_RUST}`, then open a new shell")
        };
        let libraries = String::from_utf8_lossy(&output.stdout);
        if output.status.success() && Path::new(libraries.trim()).is_dir() {
            return Ok(());
        }
        let has_rustup = process::output(Command::new("rustup").arg("--version"))?.is_some();
        if has_rustup {
            bail!("Rust's target {TARGET} is missing: install it with `rustup target add {TARGET}`");
        }
        bail!(
            "Rust's target {TARGET} is missing, and there is no rustup to add it: install it as Rust was installed here, or \
             install Rust anew with `{INSTALL_RUST}`"
        )
    }

    fn build(&self, quiet: bool, stop: &Stop) -> Result<Option<Artifact>> {
        let mut command = Command::new("cargo");
        command.args(["build", "--target", TARGET, "--message-format=json-render-diagnostics"]);
        if quiet {
            command.arg("--quiet");
        }
        command.current_dir(self.package.folder());
        let mut built = None;
        let status = process::run(&mut command, stop, |line| {
            // What a build script prints may be among the lines.
            let Ok(message) = serde_json::from_str::<Message>(line) else { return };
            if message.reason == "compiler-artifact" && message.manifest_path == self.package.manifest_path {
                let is_wasm = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "wasm");
                built = message.filenames.into_iter().find(is_wasm).or(built.take());
            }
        })?;
        if !status.success() {
            return Ok(None);
        }
        let wasm = built.with_context(|| format!("cargo built no .wasm of {}", self.package.name))?;
        Ok(Some(Artifact { wasm }))
    }

    /// The package and those it depends on by path, as far as they are known.
    fn sources(&self) -> Result<Vec<PathBuf>> {
        let mut folders = BTreeSet::new();
        let mut ahead = vec![self.package.folder().to_owned()];
        while let Some(folder) = ahead.pop() {
            let member = self.members.get(&folder);
            if folders.insert(folder) {
                let dependencies = member.into_iter().flat_map(|member| &member.dependencies);
                let built = dependencies.filter(|dependency| dependency.kind.as_deref() != Some("dev"));
                ahead.extend(built.filter_map(|dependency| dependency.path.clone()));
            }
        }
        Ok(folders.into_iter().collect())
    }

    fn outputs(&self) -> Vec<PathBuf> {
        let mut outputs = vec![self.target.clone(), self.workspace.join("Cargo.lock")];
        // Where the target folder is elsewhere there may still be one from before.
        outputs.push(self.workspace.join("target"));
        outputs
    }

    /// The newest of all profiles.
    fn built(&self) -> Option<Built> {
        let library = self.package.targets.iter().find(|target| target.is_plugin())?;
        let file = format!("{}.wasm", library.name.replace('-', "_"));
        let profiles = fs::read_dir(self.target.join(TARGET)).into_iter().flatten();
        let built = profiles.filter_map(|profile| {
            let wasm = profile.ok()?.path().join(&file);
            let modified = wasm.metadata().ok()?.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            Some((modified, wasm))
        });
        let (_, wasm) = built.max()?;
        // Cargo writes beside it what it was made of.
        let of = fs::read_to_string(wasm.with_extension("d")).map(|text| made_of(&text)).unwrap_or_default();
        Some(Built { wasm, of })
    }

    fn build_command(&self) -> String {
        format!("cargo build --release --target {TARGET}")
    }
}

/// The files that a dep-info file names after its colon; a space in a name has a backslash before it.
fn made_of(dep_info: &str) -> Vec<PathBuf> {
    let Some((_, files)) = dep_info.split_once(".wasm: ") else { return Vec::new() };
    let line = files.lines().next().unwrap_or_default().replace("\\ ", "\0");
    line.split(' ').filter(|file| !file.is_empty()).map(|file| file.replace('\0', " ").into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plugin_was_made_of_is_read_from_what_cargo_wrote() {
        let text = "/my project/target/x.wasm: /my\\ project/plugin.json /my\\ project/src/lib.rs\n\nother: thing\n";
        assert_eq!(made_of(text), ["/my project/plugin.json", "/my project/src/lib.rs"].map(PathBuf::from));
        assert!(made_of("").is_empty());
    }
}
