//! What a `.wasm` file says of itself: its manifest, imports and exports. Found by parsing, never by running or
//! compiling it.

use crate::{CONTRACT, MAX_BYTES, Manifest, ManifestError, SECTION};
use wasmparser::{Encoding, Parser, Payload};

/// The export without which a component is no plugin, up to its version.
pub const DATASOURCE: &str = "wellhead:plugin/datasource@";

/// The import that opens byte connections, up to its version.
const NET: &str = "wellhead:plugin/net@";

/// A component seen from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline<'a> {
    /// The embedded manifest's bytes.
    ///
    /// `pack` puts the section at the top of the component, and there it wins. A plain `cargo build` leaves it in the
    /// nested core module (a Rust `link_section` static lands there), so those are searched too.
    pub manifest: Option<&'a [u8]>,
    /// Names of what it imports, such as `wasi:http/types@0.3.0`.
    pub imports: Vec<&'a str>,
    /// Names of what it exports, such as `wellhead:plugin/datasource@0.1.0`.
    pub exports: Vec<&'a str>,
}

impl<'a> Outline<'a> {
    /// Parses a whole file.
    ///
    /// # Errors
    /// [`ManifestError::NotWasm`] for anything but a whole component, [`ManifestError::Ambiguous`] for several
    /// different nested manifests, [`ManifestError::TooLarge`].
    pub fn parse(wasm: &'a [u8]) -> Result<Self, ManifestError> {
        let not_wasm = |reason: String| ManifestError::NotWasm { reason };
        if wasm.is_empty() {
            return Err(not_wasm("the file is empty".into()));
        }
        let mut outline = Outline::default();
        let mut nested: Vec<&[u8]> = Vec::new();
        let mut depth = 0_usize;
        let mut seen_end = false;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(|error| not_wasm(error.to_string()))? {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err(not_wasm("a core module, not a component: build with --target wasm32-wasip2".into()));
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth = depth.saturating_add(1),
                Payload::End(_) if depth == 0 => seen_end = true,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        outline.imports.push(import.map_err(|error| not_wasm(error.to_string()))?.name.name);
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        outline.exports.push(export.map_err(|error| not_wasm(error.to_string()))?.name.name);
                    }
                }
                Payload::CustomSection(section) if section.name() == SECTION => {
                    if section.data().len() > MAX_BYTES {
                        return Err(ManifestError::TooLarge { actual: section.data().len() });
                    }
                    if depth == 0 {
                        outline.manifest = outline.manifest.or(Some(section.data()));
                    } else {
                        nested.push(section.data());
                    }
                }
                _ => {}
            }
        }
        if !seen_end {
            return Err(not_wasm("the file ends early".into()));
        }
        outline.manifest = match (outline.manifest, nested.as_slice()) {
            (Some(top), _) => Some(top),
            (None, []) => None,
            (None, [first, rest @ ..]) if rest.iter().all(|other| other == first) => Some(first),
            (None, several) => return Err(ManifestError::Ambiguous { count: several.len() }),
        };
        Ok(outline)
    }

    /// Whether it exports the contract's `datasource` in a version that a host speaks.
    pub fn is_data_source(&self) -> bool {
        let spoken = |version: &str| version.strip_prefix(CONTRACT).is_some_and(|patch| patch.starts_with('.'));
        self.exports.iter().any(|export| export.strip_prefix(DATASOURCE).is_some_and(spoken))
    }

    /// Whether `manifest` says all that this component needs said of it.
    ///
    /// # Errors
    /// [`ManifestError::InvalidKey`] where the component opens byte connections and the manifest names no endpoint.
    pub fn agrees_with(&self, manifest: &Manifest) -> Result<(), ManifestError> {
        let net = self.imports.iter().find(|import| import.starts_with(NET));
        let Some(net) = net.filter(|_| manifest.endpoints().is_empty()) else { return Ok(()) };
        let reason = format!(
            "missing: the component imports {net}; say where it connects to, such as \
             {{\"server\": {{\"address\": \"${{url}}\"}}}}"
        );
        Err(ManifestError::InvalidKey { key: "wellhead.endpoints", reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(wat: &str) -> Vec<u8> {
        wat::parse_str(wat).unwrap()
    }

    #[test]
    fn a_section_in_the_nested_module_is_found_and_one_at_the_top_wins() {
        let nested = component(r#"(component (core module (@custom "wellhead:manifest" "nested")))"#);
        assert_eq!(Outline::parse(&nested).unwrap().manifest, Some(&b"nested"[..]));
        let both = component(
            r#"(component (core module (@custom "wellhead:manifest" "nested")) (@custom "wellhead:manifest" "top"))"#,
        );
        assert_eq!(Outline::parse(&both).unwrap().manifest, Some(&b"top"[..]));
        assert_eq!(Outline::parse(&component("(component)")).unwrap(), Outline::default());
    }

    #[test]
    fn different_nested_manifests_are_ambiguous() {
        let two = component(
            r#"(component (core module (@custom "wellhead:manifest" "a")) (core module (@custom "wellhead:manifest" "b")))"#,
        );
        assert_eq!(Outline::parse(&two).unwrap_err(), ManifestError::Ambiguous { count: 2 });
    }

    #[test]
    fn imports_and_exports_are_listed_by_name() {
        let wasm = component(
            r#"(component
                (import "wellhead:plugin/log@0.1.0" (instance $log))
                (export "demo:other/thing@1.0.0" (instance $log)))"#,
        );
        let outline = Outline::parse(&wasm).unwrap();
        assert_eq!(outline.imports, ["wellhead:plugin/log@0.1.0"]);
        assert_eq!(outline.exports, ["demo:other/thing@1.0.0"]);
    }

    #[test]
    fn what_is_no_component_is_named() {
        let reason = |bytes: &[u8]| match Outline::parse(bytes).unwrap_err() {
            ManifestError::NotWasm { reason } => reason,
            other => panic!("{other}"),
        };
        assert!(reason(b"").contains("empty"));
        assert!(reason(b"#!/bin/sh\n").contains("magic"));
        assert!(reason(&component("(module)")).contains("core module"));
        let whole = component(r#"(component (core module (@custom "wellhead:manifest" "x") (memory 1)))"#);
        assert!(Outline::parse(&whole[..whole.len() - 3]).is_err());
        for end in 1..whole.len() {
            // Every prefix is seen to be broken, or is a component that carries less: never a panic.
            let _ = Outline::parse(&whole[..end]);
        }
    }
}
