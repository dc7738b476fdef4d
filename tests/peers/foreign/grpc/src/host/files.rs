//! The plugin's program, and others that differ from it in bytes nobody reads.

use anyhow::{Context, Result, ensure};
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(crate) struct Files {
    plugin: PathBuf,
}

impl Files {
    /// Beside this program, where cargo puts it.
    pub(crate) fn new() -> Result<Self> {
        let plugin = std::env::current_exe().context("where is this program?")?.with_file_name("peer-grpc-plugin");
        ensure!(plugin.exists(), "{} is not built: run `make bench-peers`", plugin.display());
        Ok(Self { plugin })
    }

    /// As it was built.
    pub(crate) fn plugin(&self) -> &Path {
        &self.plugin
    }

    /// Gone when dropped; programs that run out of it go on.
    pub(crate) fn empty_folder(&self) -> Result<TempDir> {
        let beside = self.plugin.parent().context("the plugin is in no folder")?;
        tempfile::tempdir_in(beside).context("cannot make a folder for this work")
    }

    /// A program with a mark behind its end.
    pub(crate) fn write_marked(&self, path: &Path, mark: &str) -> Result<()> {
        fs::copy(&self.plugin, path).with_context(|| format!("cannot write {}", path.display()))?;
        let file = OpenOptions::new().append(true).open(path);
        file.and_then(|mut file| file.write_all(mark.as_bytes()))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Writes a program as people who deploy do: whole under another name, then into place.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let draft = path.with_extension("new");
    let written = fs::write(&draft, bytes).and_then(|()| fs::set_permissions(&draft, Permissions::from_mode(0o755)));
    written.with_context(|| format!("cannot write {}", draft.display()))?;
    fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display()))
}
