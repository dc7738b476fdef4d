//! A plugin's file of a test's own, which can be replaced while the host runs it.

use crate::host::wasm;
use anyhow::Result;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The file, gone when dropped.
#[derive(Debug)]
pub struct PluginFile {
    path: PathBuf,
    code: Vec<u8>,
    _folder: TempDir,
}

impl PluginFile {
    /// A copy of the built plugin.
    pub fn copy(plugin: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join(format!("{plugin}.wasm"));
        let code = std::fs::read(wasm(plugin)?)?;
        std::fs::write(&path, &code)?;
        Ok(Self { path, code, _folder: folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it another file that does the same.
    pub fn replace(&self) -> Result<()> {
        // One more section: custom, of four bytes, named "new".
        Ok(std::fs::write(&self.path, [self.code.as_slice(), &[0, 4, 3, b'n', b'e', b'w']].concat())?)
    }
}
