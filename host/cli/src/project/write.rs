//! Puts a new project where its author wants it: all of it, or nothing.

use super::template::Files;
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Makes the folder with these files in it. One that is there already must be empty.
pub(crate) fn create(folder: &Path, files: &Files) -> Result<()> {
    refuse_to_overwrite(folder)?;
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let in_parent = |error: io::Error| {
        let cure = match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "; name a folder that you may write to: wellhead new PATH/NAME"
            }
            _ => "",
        };
        anyhow::anyhow!("cannot make the project in {}: {error}{cure}", parent.display())
    };
    fs::create_dir_all(parent).map_err(in_parent)?;
    // Beside it, so that it becomes the project by one rename.
    let half_made = tempfile::Builder::new().prefix(".wellhead-new-").tempdir_in(parent).map_err(in_parent)?;
    let project = half_made.path().join("project");
    for (path, content) in &files.0 {
        let file = project.join(path);
        let written = fs::create_dir_all(file.parent().unwrap_or(&project)).and_then(|()| fs::write(&file, content));
        written.with_context(|| format!("cannot write {path}"))?;
    }
    fs::rename(&project, folder).with_context(|| format!("cannot make {}", folder.display()))
}

fn refuse_to_overwrite(folder: &Path) -> Result<()> {
    let there = match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        there => there.with_context(|| format!("cannot look at {}", folder.display()))?,
    };
    let is_empty = there.is_dir() && fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if !is_empty {
        bail!(
            "{} is there already, and nothing is overwritten: choose another name, or move it away",
            folder.display()
        );
    }
    Ok(())
}
