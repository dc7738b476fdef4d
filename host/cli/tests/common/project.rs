//! Projects of plugins that tests make and build.

use super::{run, text};
use std::fs;
use std::path::{Path, PathBuf};

/// Where projects are made and built. It outlives the tests, so that their dependencies are built once.
pub(crate) fn builds() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/templates");
    fs::create_dir_all(&folder).unwrap();
    folder.canonicalize().unwrap()
}

/// A project of this name as `wellhead new` makes it.
pub(crate) fn fresh(name: &str) -> PathBuf {
    let project = builds().join(name);
    let _ = fs::remove_dir_all(&project);
    run(["new", text(&project)]).with_code(0);
    project
}
