//! A component made ready to be published: manifest at the top, nothing in it that no host reads, optimised where a tool
//! for that is there.
//!
//! The same bytes in give the same bytes out, which is tried every time, by packing twice. Our own part of it is as cheap as
//! reading the file; the other is a program from elsewhere, in whichever version its user has and with as many threads as it
//! likes, of which only a second run tells whether it keeps that promise. So both runs go side by side.

mod optimise;
mod write;

pub use optimise::{Optimised, Optimiser};
pub use write::write_atomically;

use crate::ComponentError;
use crate::binary::{Binary, Section};
use crate::inspect::{check, is_debug};
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::thread;
use wellhead_manifest::SECTION;

/// A packed component, and what was done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packed {
    /// The component.
    pub wasm: Vec<u8>,
    /// Debug sections that were dropped, by name.
    pub dropped: Vec<Dropped>,
    /// What became of each core module that was large enough to be worth optimising.
    pub optimised: Vec<Optimised>,
}

/// Custom sections of one name that were dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// Their name.
    pub name: String,
    /// Bytes of their content.
    pub bytes: usize,
}

/// Packs `wasm` with `manifest`, the JSON of a manifest that was checked, kept to the byte. Names of functions stay.
///
/// # Errors
/// [`ComponentError`] where `wasm` is no valid component, or exports no data source.
pub fn pack(wasm: &[u8], manifest: &[u8], optimiser: Option<&Optimiser>) -> Result<Packed, ComponentError> {
    let once = || pack_once(wasm, manifest, optimiser);
    let (first, second) = thread::scope(|threads| {
        let second = threads.spawn(once);
        (once(), second.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let (first, second) = (first?, second?);
    if first.wasm == second.wasm {
        return Ok(first);
    }
    Err(ComponentError::NotDeterministic { first: first.wasm.len(), second: second.wasm.len() })
}

fn pack_once(wasm: &[u8], manifest: &[u8], optimiser: Option<&Optimiser>) -> Result<Packed, ComponentError> {
    check(wasm)?;
    let mut component = Binary::component(wasm)?;
    let mut dropped = BTreeMap::new();
    strip(&mut component, &mut dropped);
    component.sections.insert(0, Section::Custom { name: SECTION, data: manifest.into() });
    let optimised = optimiser.map(|optimiser| optimise::modules(&mut component, optimiser)).unwrap_or_default();
    let wasm = component.to_bytes();
    check(&wasm)?;
    let dropped = dropped.into_iter().map(|(name, bytes)| Dropped { name, bytes }).collect();
    Ok(Packed { wasm, dropped, optimised })
}

/// Takes out debug sections and manifests, at every depth, and counts the former.
fn strip(binary: &mut Binary<'_>, dropped: &mut BTreeMap<String, usize>) {
    binary.sections.retain(|section| match section {
        Section::Custom { name, data } if is_debug(name) => {
            *dropped.entry((*name).to_owned()).or_default() += data.len();
            false
        }
        Section::Custom { name, .. } => *name != SECTION,
        _ => true,
    });
    for section in &mut binary.sections {
        if let Section::Nested { binary, .. } = section {
            strip(binary, dropped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_manifest::Outline;

    const MANIFEST: &[u8] = br#"{"id":"x"}"#;

    fn component(inside: &str) -> Vec<u8> {
        wat::parse_str(format!(
            r#"(component
                {inside}
                (component $c)
                (instance $i (instantiate $c))
                (export "wellhead:plugin/datasource@0.1.0" (instance $i)))"#
        ))
        .unwrap()
    }

    #[test]
    fn the_manifest_stands_at_the_top_and_nowhere_else() {
        let inside = r#"(core module (@custom "wellhead:manifest" "old"))
            (component (core module (@custom "wellhead:manifest" "older")))
            (@custom "wellhead:manifest" "oldest")"#;
        let packed = pack(&component(inside), MANIFEST, None).unwrap();
        assert_eq!(Outline::parse(&packed.wasm).unwrap().manifest, Some(MANIFEST));
        let mut found = 0;
        let again = Binary::component(&packed.wasm).unwrap();
        again.visit(&mut |_, section| found += usize::from(matches!(section, Section::Custom { name: SECTION, .. })));
        assert_eq!(found, 1);
        assert!(matches!(again.sections.first(), Some(Section::Custom { name: SECTION, .. })));
        assert_eq!(pack(&packed.wasm, MANIFEST, None).unwrap().wasm, packed.wasm, "packing again changes nothing");
    }

    #[test]
    fn debug_sections_go_at_every_depth_and_names_stay() {
        let inside = r#"(core module (func $named) (@custom ".debug_info" "1234"))
            (component (core module (@custom ".debug_info" "56") (@custom "sourceMappingURL" "x") (@custom "mine" "y")))"#;
        let packed = pack(&component(inside), MANIFEST, None).unwrap();
        let dropped: Vec<_> = packed.dropped.iter().map(|section| (section.name.as_str(), section.bytes)).collect();
        assert_eq!(dropped, [(".debug_info", 6), ("sourceMappingURL", 1)]);
        let text = String::from_utf8_lossy(&packed.wasm);
        assert!(text.contains("named") && text.contains("mine") && !text.contains(".debug"));
    }

    #[cfg(unix)]
    #[test]
    fn a_tool_that_makes_other_bytes_the_second_time_is_found_out() {
        use std::os::unix::fs::PermissionsExt;
        let tools = tempfile::tempdir().unwrap();
        let inside = format!(r#"(core module (@custom "mine" "{}"))"#, "x".repeat(20_000));
        let pack_with = |section: &str| {
            // An empty module, and a custom section of one byte behind it.
            let script = format!(
                "#!/bin/sh\ncd '{}'\nprintf '\\0asm\\001\\0\\0\\0\\0\\003\\001b'{section} > \"$5\"\n",
                tools.path().display()
            );
            let tool = tools.path().join(Optimiser::NAME);
            std::fs::write(&tool, script).unwrap();
            std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
            pack(&component(&inside), MANIFEST, Optimiser::find(Some(tools.path().into())).as_ref())
        };
        assert!(matches!(pack_with("1").unwrap().optimised[..], [Optimised::Replaced { .. }]));
        let error = pack_with("$(mkdir first 2>/dev/null && echo 1 || echo 2)").unwrap_err();
        assert!(matches!(error, ComponentError::NotDeterministic { .. }), "{error}");
    }

    #[test]
    fn what_is_no_plugin_or_not_valid_is_not_packed() {
        let refused = |wasm: &[u8]| pack(wasm, MANIFEST, None).unwrap_err().to_string();
        assert!(refused(&wat::parse_str("(component)").unwrap()).contains("no data source"));
        assert!(refused(&wat::parse_str("(module)").unwrap()).contains("core module"));
        // An alias of a core instance that is not there.
        let invalid = [&b"\0asm\x0d\0\x01\0"[..], &[6, 6, 1, 0, 0, 1, 9, 1, b'x']].concat();
        assert!(refused(&invalid).contains("WebAssembly"), "{}", refused(&invalid));
    }
}
