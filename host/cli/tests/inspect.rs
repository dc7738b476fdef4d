//! `wellhead inspect` as a process: what it shows of a good plugin, and what it says of files that are none.
#![cfg(test)]

mod common;

use common::{Ended, folder, plugin, run, text, wellhead};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

#[test]
fn a_plugin_is_shown_with_manifest_imports_reach_sizes_and_first_load() {
    let postgres = plugin("postgres");
    let shown = run(["inspect", text(&postgres)]).with_code(0).stdout;
    for said in [
        "plugin       grafana-postgresql-datasource ",
        "manifest     embedded in a nested module",
        "contract     0.1.0",
        "language     ",
        "Rust",
        "answers queries and health checks (wellhead:plugin/datasource@0.1.0)",
        "opens byte connections (wellhead:plugin/net@0.1.0)",
        "byte connections to server: ${url} of its data source",
        "names of functions",
        "to compile it, ",
    ] {
        assert!(shown.contains(said), "no {said:?} in {shown}");
    }
    assert!(!shown.contains("fault: "), "{shown}");
}

#[test]
fn programs_get_one_object() {
    let shown = run(["inspect", "-o", "json", text(&plugin("testdata"))]).with_code(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["manifest"]["id"], "grafana-testdata-datasource");
    assert_eq!(shown["contract"], "0.1.0");
    assert_eq!(shown["reach"]["auth"], "guest");
    assert!(shown["sizes"]["code"].as_u64().unwrap() > 100_000);
    assert!(shown["imports"].as_array().unwrap().iter().all(|import| import["known"] == true));
    assert!(shown["firstLoad"]["compileSeconds"].as_f64().unwrap() > 0.0);
    assert!(shown["firstLoad"]["cachedSeconds"].as_f64().unwrap() > 0.0);
    let read = run(["inspect", "-o", "json", "--no-compile", text(&plugin("testdata"))]).with_code(0);
    assert_eq!(serde_json::from_str::<Value>(&read.stdout).unwrap()["firstLoad"], Value::Null);
}

#[test]
fn a_file_may_have_any_name() {
    let files = folder(&[]);
    let copy = files.path().join(OsStr::from_bytes(b"a b\xff\n.wasm"));
    fs::copy(plugin("testdata"), &copy).unwrap();
    for output in ["text", "json"] {
        let inspected = wellhead(["inspect", "--no-compile", "-o", output]).arg(&copy).output().unwrap();
        let shown = Ended::of(inspected).with_code(0).stdout;
        assert!(shown.contains("a b\u{fffd}\\n.wasm"), "{shown}");
    }
}

#[test]
fn a_manifest_that_no_host_takes_is_a_fault_with_key_and_line() {
    let files = folder(&[("testdata.plugin.json", "{\n  \"id\": \"testdata\",\n  \"name\": 5\n}")]);
    let copy = files.path().join("testdata.wasm");
    fs::copy(plugin("testdata"), &copy).unwrap();
    let shown = run(["inspect", text(&copy)]).with_code(1).stdout;
    assert!(shown.contains("fault: ") && shown.contains("testdata.plugin.json: malformed manifest"), "{shown}");
    assert!(shown.contains("\"name\" (line 3, column 11)"), "{shown}");
    assert!(!shown.contains("first load"), "what no host takes is not compiled: {shown}");
}

#[test]
fn what_is_no_plugin_is_said_with_its_cure() {
    let files = folder(&[("text.wasm", "not wasm"), ("empty.wasm", "")]);
    fs::write(files.path().join("module.wasm"), b"\0asm\x01\0\0\0").unwrap();
    fs::write(files.path().join("bare.wasm"), b"\0asm\x0d\0\x01\0").unwrap();
    let refused = |name: &str| run(["inspect", text(&files.path().join(name))]).with_code(1);
    refused("text.wasm").complains(&["text.wasm: not a readable WebAssembly file", "magic"]);
    refused("empty.wasm").complains(&["empty.wasm", "the file is empty"]);
    refused("module.wasm").complains(&["module.wasm: a core module", "--target wasm32-wasip2"]);
    refused("none.wasm").complains(&["cannot read", "none.wasm", "target/wasm32-wasip2/release"]);
    let bare = refused("bare.wasm").stdout;
    assert!(bare.contains("no data source: build it with the SDK's `export!`"), "{bare}");
    assert!(bare.contains("fault: no manifest: "), "{bare}");
}
