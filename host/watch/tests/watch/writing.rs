//! Files that are written in place.

use crate::common::{Plugins, inotify, patient};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};
use wellhead_watch::FileEventKind::{Quiet, Settled};

/// Between two writes of a program that writes slowly.
async fn pace() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

fn one(folder: &Path) {
    fs::write(folder.join("x.wasm"), "one").unwrap();
}

#[tokio::test]
async fn a_file_that_appears_is_settled_when_closed_and_then_quiet_once() {
    let mut plugins = Plugins::watch(patient(), |_| {});
    assert!(plugins.found.components.is_empty());
    plugins.write("x.wasm", "one");
    plugins.expect(&[("x.wasm", Settled), ("x.wasm", Quiet)]).await;
    plugins.expect_nothing().await;
}

#[tokio::test]
async fn a_file_overwritten_slowly_is_settled_only_when_it_is_closed() {
    let mut plugins = Plugins::watch(patient(), one);
    let mut file = File::create(plugins.path("x.wasm")).unwrap();
    for _ in 0..10 {
        file.write_all(b"piece").unwrap();
        pace().await;
    }
    let before_close = Instant::now();
    drop(file);
    let settled = plugins.next().await;
    assert_eq!(settled.kind, Settled);
    assert!(settled.at >= before_close);
    plugins.expect(&[("x.wasm", Quiet)]).await;
}

#[tokio::test]
async fn a_file_appended_to_in_cycles_is_settled_at_each_close_and_quiet_once() {
    let mut plugins = Plugins::watch(patient(), one);
    for _ in 0..5 {
        let mut file = OpenOptions::new().append(true).open(plugins.path("x.wasm")).unwrap();
        file.write_all(b"piece").unwrap();
        drop(file);
        plugins.expect(&[("x.wasm", Settled)]).await;
    }
    plugins.expect(&[("x.wasm", Quiet)]).await;
    plugins.expect_nothing().await;
}

#[tokio::test]
async fn a_file_that_is_never_closed_is_quiet_after_each_burst_of_writes() {
    let mut plugins = Plugins::watch(inotify(), |_| {});
    let mut file = File::create(plugins.path("x.wasm")).unwrap();
    for _ in 0..2 {
        let before_write = Instant::now();
        file.write_all(b"piece").unwrap();
        let quiet = plugins.next().await;
        assert_eq!(quiet.kind, Quiet);
        assert!(quiet.at >= before_write);
    }
}

#[tokio::test]
async fn a_link_to_a_file_is_quiet_without_being_settled() {
    let mut plugins = Plugins::watch(inotify(), |_| {});
    fs::write(plugins.outside("x"), "one").unwrap();
    symlink(plugins.outside("x"), plugins.path("x.wasm")).unwrap();
    plugins.expect(&[("x.wasm", Quiet)]).await;
    fs::hard_link(plugins.outside("x"), plugins.path("y.wasm")).unwrap();
    plugins.expect(&[("y.wasm", Quiet)]).await;
    plugins.expect_nothing().await;
}

#[tokio::test]
async fn reading_a_file_and_changing_who_may_run_it_says_nothing() {
    let mut plugins = Plugins::watch(inotify(), one);
    fs::read(plugins.path("x.wasm")).unwrap();
    fs::set_permissions(plugins.path("x.wasm"), Permissions::from_mode(0o755)).unwrap();
    plugins.expect_nothing().await;
}

#[tokio::test]
async fn a_file_that_may_be_read_again_is_worth_reading() {
    let mut plugins = Plugins::watch(inotify(), |folder| {
        one(folder);
        fs::set_permissions(folder.join("x.wasm"), Permissions::from_mode(0o200)).unwrap();
    });
    fs::set_permissions(plugins.path("x.wasm"), Permissions::from_mode(0o600)).unwrap();
    plugins.expect(&[("x.wasm", Quiet)]).await;
}

#[tokio::test]
async fn files_that_are_no_plugins_say_nothing() {
    let mut plugins = Plugins::watch(inotify(), one);
    for name in [".x.wasm", "x.wasm.tmp", "README.md", "plugin.json", ".plugin.json"] {
        plugins.write(name, "bytes");
        fs::remove_file(plugins.path(name)).unwrap();
    }
    fs::create_dir(plugins.path("folder")).unwrap();
    plugins.expect_nothing().await;
}
