//! The plugin that a project built last, where nobody names a file.

use crate::project::{Built, Project};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// That of the project in this folder.
pub(super) fn built_here() -> Result<PathBuf> {
    let project = Project::find(Path::new(".")).context("no FILE was named, and there is none to be found")?;
    last_build(&project.name, project.builder.built(), &project.builder.build_command())
}

/// What was built, if nothing it was made of has changed since: who edits a plugin and tests it means what he wrote.
fn last_build(name: &str, built: Option<Built>, command: &str) -> Result<PathBuf> {
    let Some(Built { wasm, of }) = built else {
        bail!("{name} is not built yet: run `{command}`, or name a .wasm file");
    };
    let made = modified(&wasm);
    if let Some(changed) = of.iter().find(|source| modified(source) > made) {
        bail!(
            "{} was changed after {name} was built: run `{command}`, or name {} to test it as it is",
            changed.display(),
            wasm.display()
        );
    }
    Ok(wasm)
}

/// Nothing for what is not there.
fn modified(file: &Path) -> Option<SystemTime> {
    file.metadata().ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::time::Duration;

    #[test]
    fn a_build_is_taken_unless_a_source_was_changed_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        let (wasm, source, gone) = (path("mine.wasm"), path("lib.rs"), path("gone.rs"));
        fs::write(&source, "").unwrap();
        fs::write(&wasm, "").unwrap();
        let last = || {
            last_build("mine", Some(Built { wasm: wasm.clone(), of: vec![gone.clone(), source.clone()] }), "make it")
        };
        assert_eq!(last().unwrap(), wasm);
        let later = fs::metadata(&wasm).unwrap().modified().unwrap() + Duration::from_secs(1);
        File::options().write(true).open(&source).unwrap().set_modified(later).unwrap();
        let refused = last().unwrap_err().to_string();
        assert!(refused.contains("lib.rs was changed after mine was built: run `make it`"), "{refused}");
        assert!(last_build("mine", None, "make it").unwrap_err().to_string().contains("not built yet: run `make it`"));
    }
}
