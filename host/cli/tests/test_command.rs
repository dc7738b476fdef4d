//! `wellhead test` as a process: its lines, its exit codes, its JUnit file, and a case from its recording on.
#![cfg(test)]

mod common;

use common::project::{builds, builds_there, fresh, fresh_js, fresh_python};
use common::{Ended, folder, plugin, run, text, wellhead};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

#[test]
fn a_rule_is_a_line_and_a_failure_the_exit_code_one() {
    let testdata = plugin("testdata");
    let folder = folder(&[]);
    let junit = folder.path().join("results.xml");
    let ended =
        run(["test", text(&testdata), "--only", "manifest", "--only", "ref-ids", "--junit", text(&junit)]).with_code(0);
    assert!(ended.stdout.starts_with("ok      manifest         The manifest has"), "{}", ended.stdout);
    assert!(ended.stdout.contains("2 passed, 0 failed, 0 skipped"), "{}", ended.stdout);
    assert!(fs::read_to_string(junit).unwrap().contains(r#"<testsuite name="conformance" tests="2""#));

    let no_version =
        r#"{"id":"t","name":"T","type":"datasource","info":{"description":"d"},"wellhead":{"contract":"0.1.0"}}"#;
    let copy = folder.path().join("copy.wasm");
    fs::copy(&testdata, &copy).unwrap();
    fs::write(folder.path().join("copy.plugin.json"), no_version).unwrap();
    let ended = run(["test", text(&copy), "--only", "manifest"]).with_code(1);
    assert!(ended.stdout.contains("FAILED  manifest"), "{}", ended.stdout);
    assert!(ended.stdout.contains("info.version is \"\": write a semantic version"), "{}", ended.stdout);

    // Nobody reads the lines; the exit code and the file say it all the same.
    let junit = folder.path().join("unread.xml");
    let mut unread = wellhead(["test", text(&copy), "--only", "manifest", "--junit", text(&junit)]);
    let mut unread = unread.stdout(Stdio::piped()).spawn().unwrap();
    drop(unread.stdout.take());
    assert_eq!(unread.wait().unwrap().code(), Some(1));
    assert!(fs::read_to_string(junit).unwrap().contains("failures=\"1\""));
}

#[test]
fn what_cannot_be_tested_is_said() {
    run(["test", "no/such.wasm"]).with_code(1).complains(&["no/such.wasm"]);
    let testdata = plugin("testdata");
    run(["test", text(&testdata), "--only", "manners"]).with_code(2).complains(&["--only", "manners", "cancellation"]);
    let empty = folder(&[]);
    run(["test", text(&testdata), "--cases", text(empty.path()), "--record"]).with_code(1).complains(&["no case in"]);
}

#[test]
fn a_case_is_recorded_then_compared() {
    let testdata = plugin("testdata");
    let cases = folder(&[]);
    fs::create_dir(cases.path().join("csv")).unwrap();
    let query = |value: &str| format!(r#"{{"scenarioId":"csv_content","csvContent":"name,score\nann,{value}\n"}}"#);
    fs::write(cases.path().join("csv/query.json"), query("1.5")).unwrap();
    let test = |more: &[&str]| {
        run(["test", text(&testdata), "--cases", text(cases.path()), "--only", "case/csv"].iter().chain(more))
    };
    let unset = test(&[]).with_code(1);
    assert!(unset.stdout.contains("have expected.json written with --update"), "{}", unset.stdout);
    test(&["--record"]).with_code(0);
    test(&[]).with_code(0);
    fs::write(cases.path().join("csv/query.json"), query("2.5")).unwrap();
    let changed = test(&[]).with_code(1);
    assert!(changed.stdout.contains("1.5\n") && changed.stdout.contains("2.5\n"), "{}", changed.stdout);
    test(&["--update"]).with_code(0);
    test(&[]).with_code(0);
}

/// In a project, without a file: a build that is missing and one that is too old are refused with the command that builds it,
/// which is `build` and what follows; one that is not is tested.
fn takes_what_the_project_built(project: &Path, module: &str, build: &str) {
    let test = || {
        Ended::of(builds_there(&mut wellhead(["test", "--only", "manifest"])).current_dir(project).output().unwrap())
    };
    let name = project.file_name().and_then(|name| name.to_str()).unwrap();
    let missing = test().with_code(1).complains(&[&format!("{name} is not built yet: run `{build}")]);
    // Cargo's release profile would build all dependencies once more.
    let command = missing.stderr.split('`').nth(1).unwrap().replace(" --release", "");
    let mut shell = Command::new("sh");
    Ended::of(builds_there(&mut shell).args(["-c", &command]).current_dir(project).output().unwrap()).with_code(0);
    let tested = test().with_code(0);
    assert!(tested.stdout.contains(&format!("{name} 0.1.0: 1 passed")), "{}", tested.stdout);
    // Files that nothing is made of are none of its business.
    fs::create_dir_all(project.join("tests/cases/new")).unwrap();
    let later = SystemTime::now() + Duration::from_secs(60);
    for file in ["README.md", "tests/cases/new/query.json"] {
        File::create(project.join(file)).unwrap().set_modified(later).unwrap();
    }
    test().with_code(0);
    File::options().append(true).open(project.join(module)).unwrap().set_modified(later).unwrap();
    let old = test().with_code(1);
    old.complains(&[&format!("{module} was changed after {name} was built: run `{build}"), "to test it as it is"]);
}

#[test]
fn without_a_file_the_plugin_that_a_rust_project_built_is_tested() {
    let project = fresh("test-rust-source", "rust");
    // What an earlier run of this test built.
    let _ = fs::remove_file(builds().join("target/wasm32-wasip2/debug/test_rust_source.wasm"));
    takes_what_the_project_built(&project, "src/lib.rs", "cargo build --release --target wasm32-wasip2`");
}

#[test]
fn without_a_file_the_plugin_that_a_python_project_built_is_tested() {
    let project = fresh_python("test-python-source");
    takes_what_the_project_built(
        &project,
        "plugin.py",
        "PYTHONPATH=sdk/python .venv/bin/python -m wellhead_sdk build plugin.py",
    );
}

#[test]
fn without_a_file_the_plugin_that_a_javascript_project_built_is_tested() {
    let project = fresh_js("test-js-source");
    let build = "node node_modules/wellhead-sdk/bin/wellhead-sdk.mjs build plugin.js -o target/test_js_source.wasm`";
    takes_what_the_project_built(&project, "plugin.js", build);
}

#[test]
fn without_a_file_and_without_a_project_it_is_said_what_would_do() {
    let empty = folder(&[]);
    let ended = Ended::of(wellhead(["test"]).current_dir(empty.path()).output().unwrap()).with_code(1);
    ended.complains(&["no FILE was named", "no Cargo.toml, plugin.py or package.json", "wellhead new NAME"]);
}
