//! From a file or bytes to a checked plugin, before any of its code is compiled or run.

use crate::pages::Pages;
use crate::{Limits, Manifest, ManifestError, PluginType, RegistryError};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wellhead_manifest::{CONTRACT, DATASOURCE, Outline};

/// Why a file or bytes did not become a plugin. Nothing else is touched by it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's word.
        error: std::io::Error,
    },
    /// Not a component, or no manifest that can be used.
    #[error("{name}: {error}")]
    Manifest {
        /// File or name.
        name: String,
        /// What is wrong.
        error: ManifestError,
    },
    /// A component of another world.
    #[error(
        "{name}: the component does not export {DATASOURCE}{CONTRACT}.x, so it is no data source; it exports {}: build it \
         with the SDK's `export!`",
        list(exports)
    )]
    NotAPlugin {
        /// File or name.
        name: String,
        /// What it exports instead.
        exports: Vec<String>,
    },
    /// Larger than allowed.
    #[error(
        "{name}: limit \".wasm bytes\" exceeded: {actual} asked, {limit} allowed; strip debug sections (`wellhead pack`), or raise it"
    )]
    TooLarge {
        /// File or name.
        name: String,
        /// What is allowed.
        limit: u64,
        /// Its size.
        actual: u64,
    },
    /// It does not compile, or traps where it is configured.
    #[error("{name}: {reason}")]
    Rejected {
        /// File or name.
        name: String,
        /// Why, and what to do.
        reason: String,
    },
    /// Its id is taken.
    #[error("{name}: {error}")]
    Registry {
        /// File or name.
        name: String,
        /// Who has it.
        error: RegistryError,
    },
}

fn list(names: &[String]) -> String {
    match names {
        [] => "nothing".into(),
        names => names.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// A back-end plugin that may be registered.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) wasm: Bytes,
    /// Of file and sidecar, in hex: of the file alone where it has none.
    pub(crate) hash: String,
    /// SHA-256 of the file, in hex: by which compiled code is found again.
    pub(crate) code_hash: String,
}

impl Candidate {
    /// Reads `NAME.wasm`, and `NAME.plugin.json` beside it where there is one.
    pub(crate) fn from_file(path: &Path, limits: &Limits) -> Result<Self, LoadError> {
        let wasm = read_bounded(path, limits.wasm_bytes as u64)?;
        let sidecar_path = sidecar_of(path);
        let sidecar = match read_bounded(&sidecar_path, limits.wasm_bytes as u64) {
            Ok(sidecar) => Some(sidecar),
            Err(LoadError::Read { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let shown = if sidecar.is_some() { &sidecar_path } else { path };
        Self::from_parts(&path.display().to_string(), &shown.display().to_string(), wasm, sidecar.as_deref())
    }

    /// Takes a component that is already in memory.
    pub(crate) fn from_bytes(
        name: &str,
        wasm: &[u8],
        sidecar: Option<&[u8]>,
        limits: &Limits,
    ) -> Result<Self, LoadError> {
        if wasm.len() > limits.wasm_bytes {
            let (limit, actual) = (limits.wasm_bytes as u64, wasm.len() as u64);
            return Err(LoadError::TooLarge { name: name.to_owned(), limit, actual });
        }
        let copy = Pages::read(wasm, wasm.len()).map_err(|error| LoadError::Read { path: name.into(), error })?;
        Self::from_parts(name, name, copy.into_bytes(), sidecar)
    }

    fn from_parts(name: &str, manifest_name: &str, wasm: Bytes, sidecar: Option<&[u8]>) -> Result<Self, LoadError> {
        let refused = |error| LoadError::Manifest { name: name.to_owned(), error };
        let outline = Outline::parse(&wasm).map_err(refused)?;
        let manifest = sidecar.or(outline.manifest).map(Manifest::from_json);
        if !outline.is_data_source() && !matches!(manifest, Some(Err(ManifestError::ContractVersion { .. }))) {
            let exports = outline.exports.iter().map(|export| (*export).to_owned()).collect();
            return Err(LoadError::NotAPlugin { name: name.to_owned(), exports });
        }
        let said_wrong = |error| LoadError::Manifest { name: manifest_name.to_owned(), error };
        let manifest = manifest.unwrap_or(Err(ManifestError::Missing)).map_err(said_wrong)?;
        outline.agrees_with(&manifest).map_err(said_wrong)?;
        // One pass over the code, which is megabytes; and without a sidecar it is what `sha256sum` prints of the file.
        let code_hash = hex(&Sha256::digest(&wasm));
        let hash = sidecar.map_or_else(|| code_hash.clone(), |sidecar| hash_with(&code_hash, sidecar));
        Ok(Self { manifest: Arc::new(manifest), wasm, hash, code_hash })
    }
}

fn hash_with(code_hash: &str, sidecar: &[u8]) -> String {
    hex(&Sha256::new().chain_update(code_hash).chain_update(sidecar).finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a plugins folder holds, by name: components, and front-end plugins (a `*.plugin.json` with no `.wasm` beside it).
#[derive(Debug, Default)]
pub(crate) struct Folder {
    pub(crate) components: Vec<PathBuf>,
    pub(crate) frontends: Vec<PathBuf>,
}

impl Folder {
    pub(crate) fn scan(path: &Path) -> Result<Self, LoadError> {
        let failed = |error| LoadError::Read { path: path.to_owned(), error };
        let mut folder = Self::default();
        for entry in fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
            if name.starts_with('.') {
                continue;
            }
            if name.ends_with(".wasm") {
                folder.components.push(file);
            } else if let Some(stem) = name.strip_suffix(".plugin.json")
                && !path.join(format!("{stem}.wasm")).exists()
            {
                folder.frontends.push(file);
            }
        }
        folder.components.sort();
        folder.frontends.sort();
        Ok(folder)
    }
}

/// A front-end plugin's manifest. Without code beside it, it may not claim to have a back end.
pub(crate) fn frontend(path: &Path) -> Result<Manifest, LoadError> {
    let json = read_bounded(path, wellhead_manifest::MAX_BYTES as u64)?;
    let refused = |error| LoadError::Manifest { name: path.display().to_string(), error };
    let manifest = Manifest::frontend_from_json(&json).map_err(refused)?;
    if manifest.backend || manifest.plugin_type == PluginType::Datasource && manifest.wellhead.is_some() {
        let reason = format!(
            "a back end is claimed, but {} is not there",
            path.with_extension("").with_extension("wasm").display()
        );
        return Err(refused(ManifestError::InvalidKey { key: "backend", reason }));
    }
    Ok(manifest)
}

fn sidecar_of(wasm: &Path) -> PathBuf {
    wasm.with_extension("plugin.json")
}

/// Reads at most `limit` bytes: the size a file says it has may change while it is read.
fn read_bounded(path: &Path, limit: u64) -> Result<Bytes, LoadError> {
    let failed = |error| LoadError::Read { path: path.to_owned(), error };
    let file = fs::File::open(path).map_err(failed)?;
    let said = file.metadata().map_or(0, |metadata| metadata.len()).min(limit);
    let said = usize::try_from(said).unwrap_or_default();
    let bytes = Pages::read(file.take(limit.saturating_add(1)), said).map_err(failed)?.into_bytes();
    if bytes.len() as u64 > limit {
        let actual = fs::metadata(path).map_or(bytes.len() as u64, |metadata| metadata.len());
        return Err(LoadError::TooLarge { name: path.display().to_string(), limit, actual });
    }
    Ok(bytes)
}
