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

#[test]
fn the_manifest_named_wins_then_the_sidecar_then_what_is_embedded_then_the_folders_own() {
    let manifest =
        |id: &str| format!(r#"{{"id":"{id}","name":"X","type":"datasource","wellhead":{{"contract":"0.1.0"}}}}"#);
    let embedded = r#"(component (core module (@custom "wellhead:manifest" "TEXT")))"#;
    let embedded = wat::parse_str(embedded.replace("TEXT", &manifest("embedded").replace('"', "\\\""))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("x.wasm"), embedded).unwrap();
    fs::write(at("bare.wasm"), wat::parse_str("(component)").unwrap()).unwrap();
    let id = |file: &str, named: Option<&str>| {
        let named = named.map(at);
        PluginFile::read(&at(file)).unwrap().manifest(named.as_deref()).map(|(_, _, manifest)| manifest.id)
    };
    let missing = id("bare.wasm", None).unwrap_err().to_string();
    assert!(missing.contains("bare.wasm: no manifest: "), "{missing}");
    fs::write(at("plugin.json"), manifest("folder")).unwrap();
    assert_eq!(id("bare.wasm", None).unwrap(), "folder");
    assert_eq!(id("x.wasm", None).unwrap(), "embedded");
    fs::write(at("x.plugin.json"), manifest("sidecar")).unwrap();
    assert_eq!(id("x.wasm", None).unwrap(), "sidecar");
    assert_eq!(id("x.wasm", Some("plugin.json")).unwrap(), "folder");
    fs::write(at("x.plugin.json"), "{\n\"id\": 5}").unwrap();
    let error = id("x.wasm", None).unwrap_err().to_string();
    assert!(error.contains("x.plugin.json: malformed manifest at \"id\" (line 2"), "{error}");
}

#[test]
fn what_a_plugin_may_reach_is_said_of_its_manifest_and_its_imports() {
    let wasm = wat::parse_str(r#"(component (import "wellhead:plugin/fetch@0.1.0" (instance)))"#).unwrap();
    let manifest = r#"{"id":"x","name":"X","type":"datasource","wellhead":{"contract":"0.1.0",
        "capabilities":{"forward":["user","headers"],"auth":"host","idempotent":true,"origins":["https://a.example"]},
        "endpoints":{"db":{"address":"${jsonData.db}","defaultPort":5432}}}}"#;
    let sidecar = Some((PathBuf::from("x.plugin.json"), manifest.as_bytes().to_vec()));
    let reach = |wasm: Vec<u8>| {
        let file = PluginFile { path: PathBuf::from("x.wasm"), wasm, sidecar: sidecar.clone() };
        Inspection::of(&file, LIMIT).unwrap().reach.unwrap().sentences()
    };
    let said = [
        "HTTP to the URL of its data source",
        "HTTP to https://a.example, where the operator grants it",
        "byte connections to db: ${jsonData.db} of its data source, port 5432 by default",
        "it sees who asks",
        "it sees the caller's forwarded headers",
        "no secret enters it: the host puts credentials on its requests",
        "a call may be made again after a crash",
    ];
    assert_eq!(reach(wasm), said);
    assert_eq!(reach(wat::parse_str("(component)").unwrap()), &said[1..], "it asks no HTTP");
}

#[test]
fn findings_stay_short_whatever_a_file_names() {
    let import = |number: usize| format!(r#"(import "a:b/c{number}{}" (instance))"#, "c".repeat(5_000));
    let many: String = (0..100).map(import).collect();
    let seen = Inspection::of(&of_bytes(wat::parse_str(format!("(component {many})")).unwrap()), LIMIT).unwrap();
    assert_eq!(seen.imports.len(), 100);
    let said = seen.findings.iter().filter(|finding| finding.message.contains("it imports a:b/c"));
    assert_eq!(said.count(), 20);
    assert!(seen.findings.iter().all(|finding| finding.message.chars().count() <= 1_001));
}
