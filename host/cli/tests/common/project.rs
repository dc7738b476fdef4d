//! Projects of plugins that tests make and build.

use super::{run, text};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where projects are made and built. It outlives the tests, so that their dependencies are built once.
pub(crate) fn builds() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/templates");
    fs::create_dir_all(&folder).unwrap();
    folder.canonicalize().unwrap()
}

/// Has the cargo that a command starts build where all projects are built, with nothing of the cargo that runs these tests.
pub(crate) fn builds_there(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
        command.env_remove(name);
    }
    command.env("CARGO_TARGET_DIR", builds().join("target")).env("CARGO_NET_OFFLINE", "true")
}

/// A project of this name as `wellhead new` makes it.
pub(crate) fn fresh(name: &str, language: &str) -> PathBuf {
    let project = builds().join(name);
    // What an earlier run left.
    let _ = fs::remove_dir_all(&project);
    run(["new", text(&project), "--lang", language]).with_code(0);
    project
}

/// One in Python, with what builds it as `pip install` puts it: `make guests` has installed it.
pub(crate) fn fresh_python(name: &str) -> PathBuf {
    let project = fresh(name, "python");
    symlink(repository().join("target/python/languages"), project.join(".venv")).unwrap();
    project
}

/// One in JavaScript, with its packages as `npm install` puts them.
pub(crate) fn fresh_js(name: &str) -> PathBuf {
    let project = fresh(name, "js");
    fs::create_dir(project.join("node_modules")).unwrap();
    symlink("../sdk/js", project.join("node_modules/wellhead-sdk")).unwrap();
    symlink(repository().join("guest-sdk/js/node_modules"), project.join("sdk/js/node_modules")).unwrap();
    project
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
