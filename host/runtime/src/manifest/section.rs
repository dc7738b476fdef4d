//! Finds the manifest inside a `.wasm` file by parsing, never by running or compiling it.

use super::{MAX_BYTES, ManifestError};
use wasmparser::{Encoding, Parser, Payload};

/// Name of the custom section that holds `plugin.json`.
pub const SECTION: &str = "wellhead:manifest";

/// The manifest's bytes in a component, or `None` where it carries none.
///
/// `pack` puts the section at the top of the component, and there it wins. A plain `cargo build` leaves it in the
/// nested core module (a Rust `link_section` static lands there), so those are searched too.
///
/// # Errors
/// [`ManifestError::NotWasm`] for anything but a whole component, [`ManifestError::Ambiguous`] for several nested
/// manifests, [`ManifestError::TooLarge`].
pub fn find_in_component(wasm: &[u8]) -> Result<Option<&[u8]>, ManifestError> {
    let not_wasm = |reason: String| ManifestError::NotWasm { reason };
    let mut depth = 0_usize;
    let mut top = None;
    let mut nested: Vec<&[u8]> = Vec::new();
    let mut seen_end = false;
    if wasm.is_empty() {
        return Err(not_wasm("the file is empty".into()));
    }
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|error| not_wasm(error.to_string()))? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                let reason = "a core module, not a component: build with --target wasm32-wasip2";
                return Err(not_wasm(reason.into()));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth = depth.saturating_add(1),
            Payload::End(_) if depth == 0 => seen_end = true,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if section.name() == SECTION => {
                if section.data().len() > MAX_BYTES {
                    return Err(ManifestError::TooLarge { actual: section.data().len() });
                }
                if depth == 0 {
                    top = top.or(Some(section.data()));
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
    if top.is_some() {
        return Ok(top);
    }
    match nested.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        [first, rest @ ..] if rest.iter().all(|other| other == first) => Ok(Some(first)),
        several => Err(ManifestError::Ambiguous { count: several.len() }),
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
        assert_eq!(find_in_component(&nested).unwrap(), Some(&b"nested"[..]));
        let both =
            component(r#"(component (core module (@custom "wellhead:manifest" "nested")) (@custom "wellhead:manifest" "top"))"#);
        assert_eq!(find_in_component(&both).unwrap(), Some(&b"top"[..]));
        assert_eq!(find_in_component(&component("(component)")).unwrap(), None);
    }

    #[test]
    fn different_nested_manifests_are_ambiguous() {
        let two = component(
            r#"(component (core module (@custom "wellhead:manifest" "a")) (core module (@custom "wellhead:manifest" "b")))"#,
        );
        assert_eq!(find_in_component(&two).unwrap_err(), ManifestError::Ambiguous { count: 2 });
    }

    #[test]
    fn what_is_no_component_is_named() {
        let reason = |bytes: &[u8]| match find_in_component(bytes).unwrap_err() {
            ManifestError::NotWasm { reason } => reason,
            other => panic!("{other}"),
        };
        assert!(reason(b"").contains("empty"));
        assert!(reason(b"#!/bin/sh\n").contains("magic"));
        assert!(reason(&component("(module)")).contains("core module"));
        let whole = component(r#"(component (core module (@custom "wellhead:manifest" "x") (memory 1)))"#);
        for end in 1..whole.len() {
            // Every prefix is either seen to be broken or a component that just carries less.
            let _ = find_in_component(&whole[..end]);
        }
        assert!(find_in_component(&whole[..whole.len() - 3]).is_err());
    }
}
