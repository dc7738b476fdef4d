//! What a plugin's file says and holds, without compiling or running it.
//!
//! Here it is put together. Below: `interfaces` (imports and exports in words), `made_by` (languages, tools, SDK),
//! `reach` (what it asks of a host), `sizes` (where the bytes are), `findings` (what is wrong or unwise).

mod findings;
mod interfaces;
mod made_by;
mod reach;
mod sizes;

pub use findings::{Finding, Severity};
pub use interfaces::Interface;
pub use made_by::{Sdk, Tool};
pub use reach::Reach;
pub(crate) use sizes::is_debug;
pub use sizes::{CustomSize, ModuleSize, Sizes};

use crate::binary::Binary;
use crate::file::embedded;
use crate::{ComponentError, ManifestPlace, PluginFile};
use findings::Seen;
use made_by::MadeBy;
use serde::Serialize;
use wasmparser::{Validator, WasmFeatures};
use wellhead_manifest::{DATASOURCE, Manifest, ManifestError, Outline};

/// All there is to see of a plugin's file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Inspection {
    /// The manifest that a host would take, where it is without fault.
    pub manifest: Option<Manifest>,
    /// Where that manifest stands.
    pub manifest_place: Option<ManifestPlace>,
    /// The contract's version that the component was built for, such as `0.1.0`: that of its `datasource` export.
    pub contract: Option<String>,
    /// Languages, as its tools say them.
    pub languages: Vec<String>,
    /// Compilers and other tools that made it.
    pub tools: Vec<Tool>,
    /// The SDK it was written with, where that says so.
    pub sdk: Option<Sdk>,
    /// What it takes from the host.
    pub imports: Vec<Interface>,
    /// What it gives.
    pub exports: Vec<Interface>,
    /// What it may reach, and what it asks to see; of the manifest.
    pub reach: Option<Reach>,
    /// Where its bytes are.
    pub sizes: Sizes,
    /// What is wrong or unwise, the worst first.
    pub findings: Vec<Finding>,
}

impl Inspection {
    /// Looks into a plugin's file. `wasm_limit` is the most bytes of a `.wasm` that the host loads.
    ///
    /// # Errors
    /// [`ComponentError`] where it is no component at all. A plugin that no host would load for other reasons is
    /// inspected, and [`findings`](Self::findings) say why.
    pub fn of(file: &PluginFile, wasm_limit: usize) -> Result<Self, ComponentError> {
        let binary = Binary::component(&file.wasm)?;
        let (outline, ambiguous) = outline(&file.wasm)?;
        let (manifest, manifest_place, manifest_error) = manifest(file, ambiguous);
        let imports: Vec<_> = outline.imports.iter().map(|name| Interface::import(name)).collect();
        let exports: Vec<_> = outline.exports.iter().map(|name| Interface::export(name)).collect();
        let contract = outline.exports.iter().find_map(|name| name.strip_prefix(DATASOURCE)).map(str::to_owned);
        let MadeBy { languages, tools, sdk } = MadeBy::read(&binary);
        let sizes = Sizes::of(&binary, file.wasm.len());
        let findings = findings::all(&Seen {
            file,
            outline: &outline,
            manifest: manifest.as_ref(),
            manifest_place: manifest_place.as_ref(),
            manifest_error,
            contract: contract.as_deref(),
            imports: &imports,
            sizes: &sizes,
            invalid: validate(&file.wasm).err(),
            wasm_limit,
        });
        let reach = manifest.as_ref().map(|manifest| Reach::of(manifest, &imports));
        Ok(Self { manifest, manifest_place, contract, languages, tools, sdk, imports, exports, reach, sizes, findings })
    }

    /// Whether a host would refuse it.
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Fault)
    }
}

/// Whether the bytes are a valid component that exports a data source, whatever its manifest.
///
/// # Errors
/// [`ComponentError`], which says what they are instead.
pub fn check(wasm: &[u8]) -> Result<(), ComponentError> {
    Binary::component(wasm)?;
    validate(wasm)?;
    match outline(wasm)? {
        (outline, None) if !outline.is_data_source() => Err(ComponentError::NotAPlugin),
        _ => Ok(()),
    }
}

/// Whether the bytes keep the rules of WebAssembly and of the component model, all proposals allowed: which of them a
/// host runs is seen when it compiles.
pub(crate) fn validate(wasm: &[u8]) -> Result<(), ComponentError> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let invalid = |error: wasmparser::BinaryReaderError| ComponentError::Invalid { reason: error.to_string() };
    validator.validate_all(wasm).map(drop).map_err(invalid)
}

/// The outline; where only its manifests are at fault, that of a component without any, and the fault.
fn outline(wasm: &[u8]) -> Result<(Outline<'_>, Option<ManifestError>), ComponentError> {
    match Outline::parse(wasm) {
        Ok(outline) => Ok((outline, None)),
        Err(ManifestError::NotWasm { reason }) => Err(ComponentError::NotWasm { reason }),
        Err(error) => Ok((Outline::default(), Some(error))),
    }
}

type Found = (Option<Manifest>, Option<ManifestPlace>, Option<ManifestError>);

/// What a host would take: the sidecar, else what is embedded.
fn manifest(file: &PluginFile, ambiguous: Option<ManifestError>) -> Found {
    let (json, place) = match (&file.sidecar, embedded(&file.wasm)) {
        (Some((path, json)), _) => (json.as_slice(), ManifestPlace::File(path.clone())),
        (None, Ok(Some((json, place)))) => (json, place),
        (None, _) => return (None, None, Some(ambiguous.unwrap_or(ManifestError::Missing))),
    };
    match Manifest::from_json(json) {
        Ok(manifest) => (Some(manifest), Some(place), None),
        Err(error) => (None, Some(place), Some(error)),
    }
}
