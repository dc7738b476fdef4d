//! What is wrong with a plugin, or unwise, each with its cure.

use super::{Interface, Sizes};
use crate::{ComponentError, ManifestPlace, PluginFile};
use serde::Serialize;
use std::fmt;
use wellhead_manifest::{CONTRACT, DATASOURCE, Manifest, ManifestError, Outline};

/// A plugin over this many bytes is worth a word: what the largest of the Rust plugins here have, several times over.
const LARGE: usize = 16 << 20;

/// Debug sections over this many bytes are worth a word.
const MUCH_DEBUG: usize = 4 << 10;

/// Most imports that no host serves which are told one by one.
const MAX_IMPORTS: usize = 20;

/// Most characters of a message: names in a file may be as long as a stranger likes.
const MAX_CHARS: usize = 1_000;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A host refuses the plugin.
    Fault,
    /// It loads, and something will disappoint.
    Warning,
}

/// Something wrong or unwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, and what to do.
    pub message: String,
}

impl Finding {
    /// A reason for a host to refuse the plugin.
    pub fn fault(message: impl fmt::Display) -> Self {
        Self { severity: Severity::Fault, message: short(message) }
    }

    fn warning(message: impl fmt::Display) -> Self {
        Self { severity: Severity::Warning, message: short(message) }
    }
}

fn short(message: impl fmt::Display) -> String {
    let text = message.to_string();
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// All that was seen of a file, to be judged.
pub(super) struct Seen<'a> {
    pub(super) file: &'a PluginFile,
    pub(super) outline: &'a Outline<'a>,
    pub(super) manifest: Option<&'a Manifest>,
    pub(super) manifest_place: Option<&'a ManifestPlace>,
    pub(super) manifest_error: Option<ManifestError>,
    pub(super) contract: Option<&'a str>,
    pub(super) imports: &'a [Interface],
    pub(super) sizes: &'a Sizes,
    pub(super) invalid: Option<ComponentError>,
    pub(super) wasm_limit: usize,
}

/// Everything there is to say, faults first.
pub(super) fn all(seen: &Seen<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(seen.invalid.as_ref().map(Finding::fault));
    of_manifest(seen, &mut findings);
    of_contract(seen, &mut findings);
    of_imports(seen, &mut findings);
    of_sizes(seen, &mut findings);
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn of_manifest(seen: &Seen<'_>, findings: &mut Vec<Finding>) {
    if let Some(error) = &seen.manifest_error {
        let place = seen.manifest_place.map(|place| format!("{place}: ")).unwrap_or_default();
        findings.push(Finding::fault(format!("{place}{error}")));
    }
    let Some(manifest) = seen.manifest else { return };
    if let Err(error) = seen.outline.agrees_with(manifest) {
        findings.push(Finding::fault(error));
    }
    let embedded = seen.outline.manifest.and_then(|json| Manifest::from_json(json).ok());
    if let (Some((path, _)), Some(embedded)) = (&seen.file.sidecar, embedded)
        && embedded.id != manifest.id
    {
        findings.push(Finding::warning(format!(
            "{} says id {:?} and the file itself {:?}; hosts take the former: make them one, with `wellhead pack`",
            path.display(),
            manifest.id,
            embedded.id
        )));
    }
    let exports_streaming = seen.outline.exports.iter().any(|export| export.starts_with("wellhead:plugin/streaming@"));
    if manifest.other.get("streaming").and_then(|says| says.as_bool()) == Some(true) && !exports_streaming {
        findings.push(Finding::warning(
            "the manifest says \"streaming\": true, and the component exports no streaming: add it to `export!`",
        ));
    }
    if manifest.info.version.is_empty() {
        findings.push(Finding::warning("the manifest has no info.version: operators cannot tell two builds apart"));
    }
}

fn of_contract(seen: &Seen<'_>, findings: &mut Vec<Finding>) {
    // Where the manifests are at fault, nothing else is known of it.
    let unknown = matches!(seen.manifest_error, Some(ManifestError::Ambiguous { .. } | ManifestError::TooLarge { .. }));
    let named = seen.manifest.and_then(|manifest| manifest.wellhead.as_ref()).map(|section| section.contract.as_str());
    match seen.contract {
        None if unknown => {}
        None => findings.push(Finding::fault(ComponentError::NotAPlugin)),
        Some(exported) if !seen.outline.is_data_source() => findings.push(Finding::fault(format!(
            "it was built for contract {DATASOURCE}{exported}, and hosts speak {CONTRACT}.x: build it with a newer SDK"
        ))),
        Some(exported) => {
            if let Some(named) = named.filter(|named| *named != exported) {
                findings.push(Finding::warning(format!(
                    "the manifest says contract {named}, and the component was built for {exported}: say {exported}"
                )));
            }
        }
    }
}

fn of_imports(seen: &Seen<'_>, findings: &mut Vec<Finding>) {
    for import in seen.imports.iter().filter(|import| !import.known).take(MAX_IMPORTS) {
        findings.push(Finding::fault(format!(
            "it imports {}, which no host serves: leave it out, or build it with the SDK's bindings",
            import.name
        )));
    }
    if seen.imports.iter().any(|import| import.name.starts_with("wasi:sockets/")) {
        findings.push(Finding::warning(
            "it imports wasi:sockets, which is linked but refuses everything: connect by the contract's net, or ask HTTP",
        ));
    }
}

fn of_sizes(seen: &Seen<'_>, findings: &mut Vec<Finding>) {
    let sizes = seen.sizes;
    if sizes.total > seen.wasm_limit {
        findings.push(Finding::fault(format!(
            "it has {} bytes, hosts load {} by default: `wellhead pack` it, or raise the limit",
            sizes.total, seen.wasm_limit
        )));
    } else if sizes.total > LARGE {
        findings.push(Finding::warning(format!(
            "it has {} MiB, which take long to compile and to copy: optimise for size, leave out what is not used",
            sizes.total >> 20
        )));
    }
    if sizes.debug > MUCH_DEBUG {
        findings.push(Finding::warning(format!(
            "{} bytes are debug sections, which no host reads: drop them with `wellhead pack`",
            sizes.debug
        )));
    }
    let largest = sizes.modules.first();
    if largest.is_some_and(|module| module.code > 0 && !module.named) {
        findings.push(Finding::warning(
            "its functions have no names, so traps and profiles will show numbers: build with strip = \"debuginfo\"",
        ));
    }
}
