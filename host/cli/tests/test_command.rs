//! `wellhead test` as a process: its lines, its exit codes, its JUnit file, and a case from its recording on.
#![cfg(test)]

mod common;

use common::{folder, plugin, run, text, wellhead};
use std::fs;
use std::process::Stdio;

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
