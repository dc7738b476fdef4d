//! The plugin's file, and others that differ from it in a section nobody reads.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) struct Files {
    guest: PathBuf,
    scratch: PathBuf,
}

impl Files {
    pub(crate) fn new(guest: PathBuf, scratch: PathBuf) -> Self {
        Self { guest, scratch }
    }

    /// As it was built.
    pub(crate) fn guest(&self) -> &Path {
        &self.guest
    }

    /// Where compiled code is kept from one process of this run to the next.
    pub(crate) fn cache(&self) -> PathBuf {
        self.scratch.join("compiled")
    }

    /// A folder that is there, and empty.
    pub(crate) fn empty_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.scratch.join(format!("{name}-{}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    /// The file of one of several plugins, with bytes and an id of its own.
    pub(crate) fn plugin(&self, number: usize, id: &str) -> Result<PathBuf> {
        let folder = self.scratch.join("plugins");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let (wasm, manifest) = (folder.join(format!("{number}.wasm")), folder.join(format!("{number}.plugin.json")));
        if !wasm.exists() {
            let written = serde_json::json!({
                "id": id, "name": id, "type": "datasource", "backend": true, "info": {"version": "0.1.0"},
                "wellhead": {"contract": "0.1.0"},
            });
            fs::write(&manifest, written.to_string())
                .with_context(|| format!("cannot write {}", manifest.display()))?;
            // Whole or not there: another process of this run may look for it.
            replace(&wasm, &self.marked(&number.to_string())?)?;
        }
        Ok(wasm)
    }

    /// A plugin's bytes that no cache has seen.
    pub(crate) fn unseen(&self) -> Result<Vec<u8>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        self.marked(&format!("{now:x}"))
    }

    fn marked(&self, mark: &str) -> Result<Vec<u8>> {
        let mut wasm = fs::read(&self.guest).with_context(|| format!("cannot read {}", self.guest.display()))?;
        let length = u8::try_from(mark.len())?;
        // A custom section: id 0, its size, the length of its name, the name.
        wasm.extend([0, length + 1, length]);
        wasm.extend(mark.as_bytes());
        Ok(wasm)
    }
}

/// Writes a file as people who deploy do: whole under another name, then into place.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&draft, bytes).with_context(|| format!("cannot write {}", draft.display()))?;
    fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display()))
}
