//! The gate as `make instructions` runs it: on one path, with a baseline of the test's own.
#![cfg(test)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const PATH: &str = "live/channel-names";

fn gate(folder: &Path, args: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wellhead-instructions"));
    command.arg("--baseline").arg(folder.join("baseline.toml")).arg("--profiles").arg(folder).args(args);
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}

#[test]
fn a_path_as_before_passes_and_one_that_took_less_before_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (passes, said) = gate(folder.path(), &[PATH]);
    assert!(!passes && said.contains("make instructions-baseline"), "without a baseline: {said}");
    let (written, said) = gate(folder.path(), &["--write", PATH]);
    assert!(written, "{said}");
    let (passes, said) = gate(folder.path(), &[PATH]);
    assert!(passes && said.contains("No hot path takes over 5 % more"), "{said}");
    assert!(folder.path().join("live-channel-names.callgrind").is_file());

    let file = folder.path().join("baseline.toml");
    let mut baseline: toml::Table = fs::read_to_string(&file).unwrap().parse().unwrap();
    let figure = baseline["instructions"][PATH].as_integer().unwrap();
    baseline["instructions"][PATH] = (figure * 9 / 10).into();
    fs::write(&file, baseline.to_string()).unwrap();
    let (passes, said) = gate(folder.path(), &[PATH]);
    assert!(!passes && said.contains(&format!("DEARER: {PATH}: ")), "{said}");
}

#[test]
fn a_path_that_is_not_there_is_answered_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let (passes, said) = gate(folder.path(), &["frame/jsno"]);
    assert!(!passes && said.contains("frame/jsno") && said.contains("frame/json-mixed-1k"), "{said}");
}
