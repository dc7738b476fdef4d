//! Lists the files that the command brings with it, for `project::embedded`: the templates of `wellhead new`, and what a new
//! project needs of this repository (the SDK's sources, the contract, the dependencies' versions).

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Files and folders below the repository's root.
const ROOTS: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "guest-sdk/Cargo.toml",
    "guest-sdk/frame/Cargo.toml",
    "guest-sdk/frame/src",
    "guest-sdk/js/README.md",
    "guest-sdk/js/bin",
    "guest-sdk/js/package.json",
    "guest-sdk/js/src",
    "guest-sdk/python/README.md",
    "guest-sdk/python/pyproject.toml",
    "guest-sdk/python/wellhead_sdk",
    "guest-sdk/src",
    "guest-sdk/wit",
    "host/cli/templates",
    "wit",
];

/// Left behind by tools that ran on the sources.
const LEFTOVERS: &[&str] = &["__pycache__", "node_modules", "target"];

fn main() -> io::Result<()> {
    let crate_folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let repository = fs::canonicalize(crate_folder.join("../.."))?;
    let mut files = Vec::new();
    for root in ROOTS {
        let path = repository.join(root);
        println!("cargo::rerun-if-changed={}", path.display());
        collect(&path, &mut files)?;
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&repository).unwrap_or(&file);
        // Writing into a String cannot fail.
        let _ = writeln!(
            table,
            "    ({:?}, include_bytes!({:?})),",
            name.display().to_string(),
            file.display().to_string()
        );
    }
    table.push(']');
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("embedded.rs"), table)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if !LEFTOVERS.contains(&entry.file_name().to_string_lossy().as_ref()) {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}
