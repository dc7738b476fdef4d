//! The plugin's file, and others that differ from it in a section nobody reads.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// Where a peer has its guest, and may leave others.
pub struct Files {
    /// Cargo's folder of this workspace.
    target: PathBuf,
    guest: PathBuf,
}

impl Files {
    /// Of the guest of this name, beside this program, where cargo puts it.
    ///
    /// # Errors
    /// Where it is not built.
    pub fn new(guest: &str) -> Result<Self> {
        let program = std::env::current_exe().context("where is this program?")?;
        let target = program.ancestors().nth(2).context("this program is in no folder of cargo's")?.to_owned();
        let guest = target.join("wasm32-wasip1/plugin").join(guest);
        ensure!(guest.exists(), "{} is not built: run `make bench-peers`", guest.display());
        Ok(Self { target, guest })
    }

    /// As it was built.
    #[must_use]
    pub fn guest(&self) -> &Path {
        &self.guest
    }

    /// A folder that is kept from one process to the next.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn kept(&self, name: &str) -> Result<PathBuf> {
        let kept = self.target.join(name);
        fs::create_dir_all(&kept).with_context(|| format!("cannot make {}", kept.display()))?;
        Ok(kept)
    }

    /// Gone when dropped.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn empty_folder(&self) -> Result<TempDir> {
        tempfile::tempdir_in(&self.target).context("cannot make a folder for this work")
    }

    /// A plugin's bytes that no cache has seen.
    ///
    /// # Errors
    /// Where the guest cannot be read.
    pub fn unseen(&self) -> Result<Vec<u8>> {
        self.marked(&format!("{:x}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos()))
    }

    /// A plugin's bytes with a short mark in them.
    ///
    /// # Errors
    /// Where the guest cannot be read, or the mark is long.
    pub fn marked(&self, mark: &str) -> Result<Vec<u8>> {
        let mut wasm = fs::read(&self.guest).with_context(|| format!("cannot read {}", self.guest.display()))?;
        let length = u8::try_from(mark.len()).ok().filter(|length| *length < 127).context("a mark is short")?;
        // A custom section: id 0, its size, the length of its name, the name.
        wasm.extend([0, length + 1, length]);
        wasm.extend(mark.as_bytes());
        Ok(wasm)
    }
}

/// Writes a file as people who deploy do: whole under another name, then into place.
///
/// # Errors
/// Where it cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&draft, bytes).with_context(|| format!("cannot write {}", draft.display()))?;
    fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display()))
}
