//! The plugin that a project built last, where nobody names a file.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const BUILD: &str = "cargo build --release --target wasm32-wasip2";

/// That of the Rust project in this folder.
pub(super) fn built_here() -> Result<PathBuf> {
    built_in(Path::new("."))
}

fn built_in(folder: &Path) -> Result<PathBuf> {
    let Ok(text) = fs::read_to_string(folder.join("Cargo.toml")) else {
        bail!("no plugin: name its .wasm file, or run this in the folder of its Cargo.toml");
    };
    let manifest: toml::Table = toml::from_str(&text).context("Cargo.toml")?;
    let name = |section: &str| manifest.get(section)?.get("name")?.as_str();
    let name = name("lib").or_else(|| name("package")).context("Cargo.toml has no package.name")?;
    let file = format!("{}.wasm", name.replace('-', "_"));
    let profiles = fs::read_dir(folder.join("target/wasm32-wasip2")).into_iter().flatten();
    let built = profiles.filter_map(|profile| {
        let path = profile.ok()?.path().join(&file);
        let modified = path.metadata().ok()?.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Some((modified, path))
    });
    let newest = built.max().map(|(_, path)| path);
    newest.with_context(|| format!("{file} is not built yet: run `{BUILD}`, or name another file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_build_of_the_project_is_found_and_what_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        assert!(built_in(folder.path()).unwrap_err().to_string().contains("name its .wasm file"));
        fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"my-source\"\n").unwrap();
        assert!(built_in(folder.path()).unwrap_err().to_string().contains("my_source.wasm is not built yet"));
        for profile in ["debug", "release"] {
            let built = folder.path().join("target/wasm32-wasip2").join(profile);
            fs::create_dir_all(&built).unwrap();
            fs::write(built.join("my_source.wasm"), "").unwrap();
        }
        assert!(built_in(folder.path()).unwrap().ends_with("my_source.wasm"));
    }
}
