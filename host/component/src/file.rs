//! A plugin as it lies on disk: `NAME.wasm`, with `NAME.plugin.json` beside it where there is one.

use crate::binary::Binary;
use crate::{ComponentError, MAX_FILE_BYTES};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use wellhead_manifest::{MAX_BYTES, Manifest, ManifestError, Outline, SECTION};

/// A plugin's bytes, read but not looked into.
#[derive(Clone, Debug)]
pub struct PluginFile {
    /// Where it was read.
    pub path: PathBuf,
    /// The component.
    pub wasm: Vec<u8>,
    /// `NAME.plugin.json` and what is in it. Hosts take it before the manifest that is embedded.
    pub sidecar: Option<(PathBuf, Vec<u8>)>,
}

/// Where a manifest was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestPlace {
    /// In this file.
    File(PathBuf),
    /// In the custom section at the top of the component.
    Top,
    /// In the custom section of a module within, where compilers put it.
    Nested,
}

impl fmt::Display for ManifestPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Top => f.write_str("embedded at the top of the component"),
            Self::Nested => f.write_str("embedded in a nested module"),
        }
    }
}

impl serde::Serialize for ManifestPlace {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PluginFile {
    /// Reads `path`, and the sidecar beside it.
    ///
    /// # Errors
    /// [`ComponentError::Read`], [`ComponentError::TooLarge`].
    pub fn read(path: &Path) -> Result<Self, ComponentError> {
        let wasm = read_bounded(path, MAX_FILE_BYTES)?;
        let beside = path.with_extension("plugin.json");
        let sidecar = match read_bounded(&beside, MAX_FILE_BYTES) {
            Ok(sidecar) => Some((beside, sidecar)),
            Err(ComponentError::Read { error, .. }) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { path: path.to_owned(), wasm, sidecar })
    }

    /// The manifest to publish it with, as its author wrote it: `named`, else the sidecar, else the one embedded, else
    /// `plugin.json` in the file's folder.
    ///
    /// # Errors
    /// [`ComponentError::Manifest`] where there is none, or it has a fault; then with key, line and column.
    pub fn manifest(&self, named: Option<&Path>) -> Result<(Vec<u8>, ManifestPlace, Manifest), ComponentError> {
        let (json, place) = self.manifest_bytes(named)?;
        match Manifest::from_json(&json) {
            Ok(manifest) => Ok((json, place, manifest)),
            Err(error) => Err(ComponentError::Manifest { place: self.of(&place), error }),
        }
    }

    fn manifest_bytes(&self, named: Option<&Path>) -> Result<(Vec<u8>, ManifestPlace), ComponentError> {
        if let Some(path) = named {
            return Ok((read_bounded(path, MAX_BYTES)?, ManifestPlace::File(path.to_owned())));
        }
        if let Some((path, sidecar)) = &self.sidecar {
            return Ok((sidecar.clone(), ManifestPlace::File(path.clone())));
        }
        let at_file = |error| ComponentError::Manifest { place: self.path.display().to_string(), error };
        if let Some((json, place)) = embedded(&self.wasm).map_err(at_file)? {
            return Ok((json.to_owned(), place));
        }
        let beside = self.path.with_file_name("plugin.json");
        match read_bounded(&beside, MAX_BYTES) {
            Ok(json) => Ok((json, ManifestPlace::File(beside))),
            Err(ComponentError::Read { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                Err(at_file(ManifestError::Missing))
            }
            Err(error) => Err(error),
        }
    }

    /// How an error names a place: a file of its own by its path, a section by the component's and where it is there.
    fn of(&self, place: &ManifestPlace) -> String {
        match place {
            ManifestPlace::File(path) => path.display().to_string(),
            embedded => format!("{} ({embedded})", self.path.display()),
        }
    }
}

/// The embedded manifest, as hosts find it.
pub(crate) fn embedded(wasm: &[u8]) -> Result<Option<(&[u8], ManifestPlace)>, ManifestError> {
    let Some(json) = Outline::parse(wasm)?.manifest else { return Ok(None) };
    let at_top = Binary::component(wasm).is_ok_and(|component| component.custom(SECTION).is_some());
    Ok(Some((json, if at_top { ManifestPlace::Top } else { ManifestPlace::Nested })))
}

fn read_bounded(path: &Path, limit: usize) -> Result<Vec<u8>, ComponentError> {
    let read = |error| ComponentError::Read { path: path.to_owned(), error };
    let file = File::open(path).map_err(read)?;
    let actual = file.metadata().map_err(read)?.len();
    let mut bytes = Vec::new();
    // A pipe has no size to be believed.
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() > limit {
        return Err(ComponentError::TooLarge { path: path.to_owned(), limit, actual: actual.max(bytes.len() as u64) });
    }
    Ok(bytes)
}
