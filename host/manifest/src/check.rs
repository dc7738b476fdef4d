//! The rules a manifest's values must keep beyond having the right JSON types.

use crate::{CONTRACT, Manifest, ManifestError, PluginType};

/// Longest plugin id, in bytes: it becomes part of file names, metric labels and URLs.
const MAX_ID_BYTES: usize = 128;

pub(crate) fn backend(manifest: &Manifest) -> Result<(), ManifestError> {
    identity(manifest)?;
    if manifest.plugin_type != PluginType::Datasource {
        let reason = format!("a .wasm is a data source, not {:?}: set \"datasource\"", manifest.plugin_type.as_str());
        return Err(ManifestError::InvalidKey { key: "type", reason });
    }
    let Some(section) = &manifest.wellhead else {
        let reason = format!("missing: add {{\"contract\": \"{CONTRACT}.0\"}}");
        return Err(ManifestError::InvalidKey { key: "wellhead", reason });
    };
    let patch = section.contract.strip_prefix(CONTRACT).and_then(|rest| rest.strip_prefix('.'));
    if !patch.is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(ManifestError::ContractVersion { found: section.contract.clone() });
    }
    for origin in &section.capabilities.origins {
        if !origin.starts_with("https://") && !origin.starts_with("http://") {
            let reason = format!("{origin:?} is no origin: write scheme://host[:port]");
            return Err(ManifestError::InvalidKey { key: "wellhead.capabilities.origins", reason });
        }
    }
    Ok(())
}

pub(crate) fn identity(manifest: &Manifest) -> Result<(), ManifestError> {
    id("id", &manifest.id)?;
    for alias in &manifest.alias_ids {
        id("aliasIDs", alias)?;
    }
    if manifest.name.is_empty() {
        return Err(ManifestError::InvalidKey {
            key: "name",
            reason: "empty: give the plugin a name people read".into(),
        });
    }
    Ok(())
}

fn id(key: &'static str, id: &str) -> Result<(), ManifestError> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let starts_well = id.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if starts_well && id.len() <= MAX_ID_BYTES && id.bytes().all(legal) {
        return Ok(());
    }
    let shown: String = id.chars().take(40).collect();
    let reason =
        format!("{shown:?} is not an id: 1 to {MAX_ID_BYTES} of a-z 0-9 - _ ., beginning with a letter or digit");
    Err(ManifestError::InvalidKey { key, reason })
}
