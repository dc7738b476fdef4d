//! Inspecting and packing the plugins that `make plugins` built, and those files spoilt.
#![cfg(test)]

use std::fs;
use std::path::PathBuf;
use wellhead_component::{Inspection, ManifestPlace, PluginFile, Severity, pack};
use wellhead_manifest::Outline;
use wellhead_test_support::{Change, Random, guest, plugins};

const LIMIT: usize = 64 << 20;

fn files() -> Vec<PluginFile> {
    let all = fs::read_dir(plugins()).unwrap().map(|entry| entry.unwrap().path());
    let components = all.filter(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    let files: Vec<_> = components.map(|path| PluginFile::read(&path).unwrap()).collect();
    assert!(files.len() > 3, "{} plugins", files.len());
    files
}

fn of_bytes(wasm: Vec<u8>) -> PluginFile {
    PluginFile { path: PathBuf::from("x.wasm"), wasm, sidecar: None }
}

#[test]
fn every_plugin_here_is_without_fault_and_says_what_it_is() {
    for file in files() {
        let seen = Inspection::of(&file, LIMIT).unwrap();
        let name = file.path.display();
        assert_eq!(seen.findings, [], "{name}");
        assert!(seen.languages.contains(&"Rust".to_owned()), "{name}: {:?}", seen.languages);
        assert_eq!(seen.contract.as_deref(), Some("0.1.0"), "{name}");
        assert!(seen.exports.iter().all(|export| export.known), "{name}: {:?}", seen.exports);
        let without_words: Vec<_> = seen.imports.iter().filter(|import| import.words.is_empty()).collect();
        assert!(without_words.is_empty(), "{name}: {without_words:?}");
    }
}

#[test]
fn a_packed_plugin_shows_the_same_from_outside_and_packing_it_again_changes_nothing() {
    for file in files() {
        let (json, place, _) = file.manifest(None).unwrap();
        assert_eq!(place, ManifestPlace::Nested);
        let packed = pack(&file.wasm, &json, None).unwrap();
        let (before, after) = (Outline::parse(&file.wasm).unwrap(), Outline::parse(&packed.wasm).unwrap());
        assert_eq!(before, after);
        assert!(packed.wasm.len() <= file.wasm.len() + 64, "{}", file.path.display());
        assert_eq!(pack(&packed.wasm, &json, None).unwrap().wasm, packed.wasm);
        let seen = Inspection::of(&of_bytes(packed.wasm), LIMIT).unwrap();
        assert_eq!(seen.manifest_place, Some(ManifestPlace::Top));
        assert!(seen.sizes.names > 10_000, "names of functions stay");
    }
}

#[test]
fn a_spoilt_file_is_refused_or_read_and_never_a_panic() {
    let whole = PluginFile::read(&guest("testdata")).unwrap().wasm;
    let mut random = Random::new(7);
    for _ in 0..200 {
        let mut spoilt = whole.clone();
        for _ in 0..4 {
            Change::draw(&mut random).apply(&mut spoilt);
        }
        if let Ok(seen) = Inspection::of(&of_bytes(spoilt.clone()), LIMIT) {
            let is_valid = pack(&spoilt, b"{}", None).is_ok();
            assert!(is_valid || seen.findings.iter().any(|finding| finding.severity == Severity::Fault));
        }
    }
}

#[test]
fn what_a_file_is_said_to_lack_is_said_once_with_a_cure() {
    let wasm = wat::parse_str(
        r#"(component
            (import "wasi:tls/client@0.3.0" (instance))
            (import "wasi:sockets/tcp@0.2.0" (instance))
            (core module (@custom ".debug_info" "0123456789") (func)))"#,
    )
    .unwrap();
    let seen = Inspection::of(&of_bytes(wasm.clone()), LIMIT).unwrap();
    let said: Vec<_> = seen.findings.iter().map(|finding| finding.message.as_str()).collect();
    for part in ["no manifest: build", "does not export", "wasi:tls/client@0.3.0, which no host serves", "wasi:sockets"]
    {
        assert_eq!(said.iter().filter(|said| said.contains(part)).count(), 1, "{part}: {said:?}");
    }
    let small = Inspection::of(&of_bytes(wasm), 10).unwrap();
    assert!(small.findings.iter().any(|finding| finding.message.contains("hosts load 10 by default")));
}
