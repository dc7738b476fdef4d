//! `wellhead pack` as a process: what it writes loads and answers, the same bytes every time; what it refuses, and where
//! the fault is.
#![cfg(test)]

mod common;

use common::{Ended, folder, plugin, run, text, wellhead};
use std::fs;
use std::path::Path;

const CSV: &str = r#"{"scenarioId":"csv_content","csvContent":"name,score\nann,1.5\nbob,\n"}"#;

/// Packs without an optimiser, whatever this machine has.
fn packed(from: &Path, to: &Path) -> Ended {
    run(["pack", "--no-optimize", text(from), "-o", text(to)])
}

fn answer(plugin: &Path) -> String {
    run(["query", "--plugin", text(plugin), "-o", "csv", CSV]).with_code(0).stdout
}

#[test]
fn a_packed_plugin_answers_as_before_and_is_the_same_bytes_every_time() {
    let files = folder(&[]);
    let [first, second, again] = ["first.wasm", "second.wasm", "again.wasm"].map(|name| files.path().join(name));
    let said = packed(&plugin("testdata"), &first).with_code(0).stdout;
    for words in [
        "packed    grafana-testdata-datasource ",
        "before    ",
        "after     ",
        "manifest  embedded in a nested module",
        "same bytes",
    ] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
    packed(&plugin("testdata"), &second).with_code(0);
    packed(&first, &again).with_code(0);
    let bytes = fs::read(&first).unwrap();
    assert_eq!(bytes, fs::read(&second).unwrap());
    assert_eq!(bytes, fs::read(&again).unwrap(), "what is packed stays as it is");
    assert!(bytes.len() <= fs::metadata(plugin("testdata")).unwrap().len() as usize);
    assert_eq!(answer(&first), answer(&plugin("testdata")));
    let shown = run(["inspect", "--no-compile", text(&first)]).with_code(0).stdout;
    assert!(shown.contains("embedded at the top of the component"), "{shown}");
}

#[test]
fn what_a_strangers_file_says_cannot_steer_the_terminal() {
    let sidecar = r#"{"id":"x","name":"X","type":"datasource","wellhead":{"contract":"9\u001b[2J\u009b31m"}}"#;
    let files = folder(&[("x.plugin.json", sidecar)]);
    let copy = files.path().join("x.wasm");
    fs::copy(plugin("testdata"), &copy).unwrap();
    for command in ["pack", "bench", "test"] {
        let said = run([command, text(&copy)]).with_code(1).stderr;
        assert!(said.contains("contract") && !said.contains(['\u{1b}', '\u{9b}']), "{command:?}: {said:?}");
    }
}

#[test]
fn a_sidecar_is_embedded_in_place_of_what_was_there() {
    let files = folder(&[]);
    let copy = files.path().join("mine.wasm");
    fs::copy(plugin("testdata"), &copy).unwrap();
    let sidecar =
        r#"{"id":"mine","name":"Mine","type":"datasource","info":{"version":"9.9.9"},"wellhead":{"contract":"0.1.0"}}"#;
    fs::write(files.path().join("mine.plugin.json"), sidecar).unwrap();
    let out = files.path().join("out.wasm");
    let said = packed(&copy, &out).with_code(0).stdout;
    assert!(said.contains("packed    mine 9.9.9") && said.contains("mine.plugin.json"), "{said}");
    let shown = run(["inspect", "--no-compile", text(&out)]).with_code(0).stdout;
    assert!(shown.contains("plugin       mine 9.9.9"), "{shown}");
    assert_eq!(answer(&out), "name,score\nann,1.5\nbob,\n");
}

#[test]
fn a_fault_of_the_manifest_is_named_with_key_and_line() {
    let files = folder(&[("bad.json", "{\n  \"name\": \"X\",\n  \"type\": \"datasource\"\n}")]);
    let (bad, out) = (files.path().join("bad.json"), files.path().join("out.wasm"));
    let args = ["pack", text(&plugin("testdata")), "--manifest", text(&bad), "-o", text(&out)].map(str::to_owned);
    run(args).with_code(1).complains(&["bad.json: malformed manifest", "line 4", "missing field `id`"]);
    assert!(!out.exists());
    fs::write(&bad, r#"{"id":"x","name":"X","type":"datasource"}"#).unwrap();
    let args = ["pack", text(&plugin("testdata")), "--manifest", text(&bad), "-o", text(&out)].map(str::to_owned);
    run(args).with_code(1).complains(&["bad.json: manifest key \"wellhead\": missing: add"]);
}

#[test]
fn the_input_is_not_replaced_by_accident() {
    let files = folder(&[]);
    let copy = files.path().join("grafana-testdata-datasource.wasm");
    fs::copy(plugin("testdata"), &copy).unwrap();
    let before = fs::read(&copy).unwrap();
    let pack_here = |more: &[&str]| {
        let args = ["pack", "--no-optimize", "grafana-testdata-datasource.wasm"].iter().chain(more);
        Ended::of(wellhead(args).current_dir(files.path()).output().unwrap())
    };
    pack_here(&[]).with_code(1).complains(&["grafana-testdata-datasource.wasm would be replaced", "--force", "-o"]);
    assert_eq!(fs::read(&copy).unwrap(), before);
    pack_here(&["--force"]).with_code(0);
    assert_ne!(fs::read(&copy).unwrap(), before);
    fs::write(&copy, &before).unwrap();
    pack_here(&["-o", "grafana-testdata-datasource.wasm"]).with_code(0);
    assert_ne!(fs::read(&copy).unwrap(), before);
}

#[test]
fn what_cannot_be_packed_or_written_is_said_with_its_cure() {
    let files = folder(&[("text.wasm", "not wasm")]);
    let module = files.path().join("module.wasm");
    fs::write(&module, b"\0asm\x01\0\0\0").unwrap();
    let bare = files.path().join("bare.wasm");
    fs::write(&bare, b"\0asm\x0d\0\x01\0").unwrap();
    let out = files.path().join("out.wasm");
    packed(&files.path().join("text.wasm"), &out).with_code(1).complains(&["not a readable WebAssembly file"]);
    packed(&module, &out).with_code(1).complains(&["a core module", "--target wasm32-wasip2"]);
    packed(&bare, &out).with_code(1).complains(&["bare.wasm: it does not export", "`export!`"]);
    packed(&files.path().join("none.wasm"), &out).with_code(1).complains(&["cannot read", "none.wasm"]);
    assert!(!out.exists());
    // No folder takes less: root, too, makes no files there.
    let read_only = Path::new("/proc/out.wasm");
    packed(&plugin("testdata"), read_only).with_code(1).complains(&["cannot write /proc/out.wasm"]);
}

#[cfg(unix)]
#[test]
fn an_optimiser_is_used_where_what_it_makes_fits_and_left_where_it_does_not() {
    use std::os::unix::fs::PermissionsExt;
    let files = folder(&[]);
    let tool = files.path().join("wasm-opt");
    let out = files.path().join("out.wasm");
    let pack_with = |script: &str| {
        fs::write(&tool, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = wellhead(["pack", text(&plugin("testdata")), "-o", text(&out)]);
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", files.path().display()));
        Ended::of(command.output().unwrap()).with_code(0).stdout
    };
    // Called as `wasm-opt IN -O3 -g -o OUT`.
    let failed = pack_with("echo 'Fatal: no such feature' >&2; exit 3");
    assert!(failed.contains("left the code as it is: ") && failed.contains("Fatal: no such feature"), "{failed}");
    let no_smaller = pack_with(r#"cp "$1" "$5""#);
    assert!(no_smaller.contains("would have"), "{no_smaller}");
    let broken = pack_with(r#"printf '\0asm\001\0\0\0' > "$5""#);
    assert!(broken.contains("does not fit: not valid WebAssembly"), "{broken}");
    assert_eq!(answer(&out), "name,score\nann,1.5\nbob,\n");
}
