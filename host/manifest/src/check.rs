//! The rules a manifest's values must keep beyond having the right JSON types.

use crate::{CONTRACT, Manifest, ManifestError, PluginType, WellheadSection};
use serde_json::Value;

/// Longest plugin id, in bytes: it becomes part of file names, metric labels and URLs.
const MAX_ID_BYTES: usize = 128;

/// Most levels of objects and arrays in a value. JSON readers, ours among them, stop near 128.
pub(crate) const MAX_DEPTH: usize = 100;

/// Most servers a plugin may speak to.
const MAX_ENDPOINTS: usize = 32;

/// Most characters of the manifest that an error repeats.
const MAX_SHOWN: usize = 200;

/// A manifest's text for an error message: all of it, or its start.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Depth is checked after reading too: text under a certain key serde_json takes for JSON, and counts from 0 in it.
pub(crate) fn depth(manifest: &Manifest) -> Result<(), ManifestError> {
    fn within(value: &Value, levels: usize) -> bool {
        match value {
            Value::Array(items) => levels > 0 && items.iter().all(|item| within(item, levels - 1)),
            Value::Object(items) => levels > 0 && items.values().all(|item| within(item, levels - 1)),
            _ => true,
        }
    }
    let section = manifest.wellhead.as_ref();
    let schemas = section.into_iter().flat_map(|section| [&section.json_data_schema, &section.query_schema]);
    let routes = manifest.routes.iter().flat_map(|route| route.other.values());
    let mut values = manifest.other.values().chain(manifest.info.other.values()).chain(routes).chain(schemas.flatten());
    if values.all(|value| within(value, MAX_DEPTH)) { Ok(()) } else { Err(ManifestError::TooDeep) }
}

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
        return Err(ManifestError::ContractVersion { found: shown(&section.contract) });
    }
    for origin in &section.capabilities.origins {
        if !origin.starts_with("https://") && !origin.starts_with("http://") {
            let reason = format!("{:?} is no origin: write scheme://host[:port]", shown(origin));
            return Err(ManifestError::InvalidKey { key: "wellhead.capabilities.origins", reason });
        }
    }
    endpoints(section)
}

/// Names are the plugin's own words; addresses are in the settings, so that its author chooses nobody's network.
fn endpoints(section: &WellheadSection) -> Result<(), ManifestError> {
    let invalid = |reason| Err(ManifestError::InvalidKey { key: "wellhead.endpoints", reason });
    if section.endpoints.len() > MAX_ENDPOINTS {
        return invalid(format!("{} endpoints, {MAX_ENDPOINTS} are allowed", section.endpoints.len()));
    }
    for (name, endpoint) in &section.endpoints {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.is_empty() || name.len() > MAX_ID_BYTES || !name.bytes().all(legal) {
            return invalid(format!("{:?} is not a name: 1 to {MAX_ID_BYTES} of a-z A-Z 0-9 - _", shown(name)));
        }
        if endpoint.setting().is_none() {
            let address = shown(&endpoint.address);
            return invalid(format!(
                "{address:?} names no setting: write \"${{url}}\" or \"${{jsonData.KEY}}\"; a manifest holds no address itself"
            ));
        }
        if endpoint.default_port == Some(0) {
            return invalid(format!("{name}: port 0 is not a port"));
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
