//! `wellhead new`: the project it makes is built, tested and loaded; names that cannot be are refused.
#![cfg(test)]

mod common;

use common::project::{builds, builds_there, fresh_js, fresh_python};
use common::{Ended, folder, run, text, wellhead};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Cargo in a project, with nothing of the cargo that runs these tests.
fn cargo(project: &Path, args: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO"));
    Ended::of(builds_there(&mut command).args(args).current_dir(project).output().unwrap())
}

#[test]
fn a_new_rust_project_passes_its_own_tests_and_is_a_plugin_that_loads() {
    let project = builds().join("new-rust-source");
    // What an earlier run of this test left.
    let _ = fs::remove_dir_all(&project);
    let made = run(["new", text(&project), "--title", "Made \"here\""]).with_code(0);
    assert!(made.stdout.contains(&format!("wellhead dev {}", text(&project))), "{}", made.stdout);

    let tested = cargo(&project, &["test"]).with_code(0);
    assert!(tested.stdout.contains("4 passed; 0 failed"), "{}", tested.stdout);
    cargo(&project, &["build", "--target", "wasm32-wasip2"]).with_code(0);
    let plugin = builds().join("target/wasm32-wasip2/debug/new_rust_source.wasm");
    passes_every_rule(&project, &plugin);

    let readings = fs::read_to_string(project.join("sample/readings/oslo.json")).unwrap();
    let api = common::answering(readings);
    let asked =
        run(["query", "--plugin", text(&plugin), "--url", &api, "-o", "csv", r#"{"place":"oslo"}"#]).with_code(0);
    assert!(asked.stdout.contains("2026-01-01T00:00:00Z,-4.5"), "{}", asked.stdout);
}

/// `wellhead test`, with the case that a new project has.
fn passes_every_rule(project: &Path, plugin: &Path) {
    let mut command = wellhead(["test", text(plugin)]);
    let tested = Ended::of(command.current_dir(project).output().unwrap()).with_code(0);
    assert!(tested.stdout.contains("12 passed, 0 failed, 0 skipped"), "{}", tested.stdout);
}

/// The readings of Oslo in a new project, asked of what was built of it.
fn answers_with_the_sample(project: &Path, plugin: &Path) {
    passes_every_rule(project, plugin);
    let readings = fs::read_to_string(project.join("sample/readings/oslo.json")).unwrap();
    let api = common::answering(readings);
    let asked =
        run(["query", "--plugin", text(plugin), "--url", &api, "-o", "csv", r#"{"place":"oslo"}"#]).with_code(0);
    assert!(asked.stdout.contains("2026-01-01T00:00:00Z,-4.5"), "{}", asked.stdout);
}

#[test]
fn a_new_python_project_passes_its_own_tests_and_is_a_plugin_that_loads() {
    let project = fresh_python("new-python-source");
    let python = |args: &[&str]| {
        let mut command = Command::new(project.join(".venv/bin/python"));
        command.arg("-B").args(args).current_dir(&project).env("PYTHONPATH", "sdk/python");
        Ended::of(command.output().unwrap()).with_code(0)
    };
    assert!(python(&["-m", "unittest"]).stderr.contains("Ran 4 tests"));
    python(&["-m", "wellhead_sdk", "build", "plugin.py", "-o", "target/new_python_source.wasm"]);
    answers_with_the_sample(&project, &project.join("target/new_python_source.wasm"));
}

#[test]
fn a_new_javascript_project_passes_its_own_tests_and_is_a_plugin_that_loads() {
    let project = fresh_js("new-js-source");
    let node = |args: &[&str]| {
        let mut command = Command::new("node");
        Ended::of(command.args(args).current_dir(&project).output().unwrap()).with_code(0)
    };
    assert!(node(&["--test", "plugin.test.mjs"]).stdout.contains("pass 4"));
    node(&["node_modules/wellhead-sdk/bin/wellhead-sdk.mjs", "build", "plugin.js", "-o", "target/new_js_source.wasm"]);
    answers_with_the_sample(&project, &project.join("target/new_js_source.wasm"));
}

#[test]
fn a_name_that_cannot_be_is_refused_with_one_that_can() {
    let here = folder(&[]);
    for (given, why, cure) in [
        ("my source", "the character ' '", "try wellhead new my-source"),
        ("../evil", "has .. in it", "try wellhead new evil"),
        ("..", "it is empty", "try wellhead new my-source"),
        ("below/My Source", "the character 'M'", "try wellhead new below/my-source"),
        ("match", "keep that word", "try wellhead new match-source"),
        (&"x".repeat(65), "65 characters, 64 are allowed", "try wellhead new xxx"),
    ] {
        let mut command = wellhead(["new", given]);
        Ended::of(command.current_dir(here.path()).output().unwrap()).with_code(2).complains(&[why, cure]);
    }
    run(["new", ""]).with_code(2);
    run(["new", "fine", "--title", "a\nb"]).with_code(2).complains(&["--title", "one line of text"]);
    run(["new", "fine", "--lang", "cobol"]).with_code(2).complains(&["rust"]);
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn nothing_is_overwritten_but_an_empty_folder_will_do() {
    let here = folder(&[("taken/file", "mine")]);
    let taken = here.path().join("taken");
    run(["new", text(&taken)]).with_code(1).complains(&["taken is there already", "choose another name"]);
    assert_eq!(fs::read_to_string(taken.join("file")).unwrap(), "mine");
    let file = taken.join("file");
    run(["new", text(&file)]).with_code(1).complains(&["is there already"]);

    let empty = here.path().join("empty");
    fs::create_dir(&empty).unwrap();
    run(["new", text(&empty)]).with_code(0);
    assert!(empty.join("src/lib.rs").exists());
    let deep = here.path().join("in/a/new/place");
    run(["new", text(&deep)]).with_code(0);
    let made: Vec<_> = fs::read_dir(deep.parent().unwrap()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(made, ["place"], "nothing is left beside it");
}

#[test]
fn a_folder_that_may_not_be_written_to_is_named() {
    let here = folder(&[]);
    fs::set_permissions(here.path(), Permissions::from_mode(0o555)).unwrap();
    // Who is root may write anywhere: then another file system that nobody writes to.
    let place = if fs::write(here.path().join("probe"), "").is_ok() { Path::new("/proc/self") } else { here.path() };
    let refused = run(["new", text(&place.join("mine"))]).with_code(1);
    refused.complains(&["cannot make the project in", text(place)]);
    fs::set_permissions(here.path(), Permissions::from_mode(0o755)).unwrap();
}
