//! Files that go, and files that only seem to.

use crate::common::{Plugins, inotify, patient, polling};
use std::fs;
use std::path::Path;
use std::time::Instant;
use wellhead_watch::FileEventKind::{Gone, Quiet, Settled};
use wellhead_watch::Options;

fn one(folder: &Path) {
    fs::write(folder.join("x.wasm"), "one").unwrap();
}

#[tokio::test]
async fn a_deleted_file_is_gone_once() {
    let mut plugins = Plugins::watch(inotify(), one);
    let before = Instant::now();
    fs::remove_file(plugins.path("x.wasm")).unwrap();
    let gone = plugins.next().await;
    assert_eq!((&gone.file, gone.kind), (&plugins.path("x.wasm"), Gone));
    assert!(gone.at >= before && gone.at + inotify().quiet <= Instant::now());
    plugins.expect_nothing().await;
    plugins.write("x.wasm", "two");
    plugins.expect(&[("x.wasm", Settled), ("x.wasm", Quiet)]).await;
}

#[tokio::test]
async fn a_file_moved_away_is_gone() {
    let mut plugins = Plugins::watch(inotify(), one);
    fs::rename(plugins.path("x.wasm"), plugins.path("x.wasm.off")).unwrap();
    plugins.expect(&[("x.wasm", Gone)]).await;
}

#[tokio::test]
async fn a_file_renamed_to_another_plugin_is_gone_under_the_old_name() {
    let mut plugins = Plugins::watch(patient(), one);
    fs::rename(plugins.path("x.wasm"), plugins.path("y.wasm")).unwrap();
    plugins.expect(&[("y.wasm", Settled), ("x.wasm", Gone), ("y.wasm", Quiet)]).await;
}

#[tokio::test]
async fn a_file_deleted_and_made_again_at_once_was_never_gone() {
    let mut plugins = Plugins::watch(patient(), one);
    fs::remove_file(plugins.path("x.wasm")).unwrap();
    plugins.write("x.wasm", "two");
    plugins.expect(&[("x.wasm", Settled), ("x.wasm", Quiet)]).await;
    plugins.expect_nothing().await;
}

#[tokio::test]
async fn a_file_made_and_deleted_at_once_is_never_quiet() {
    let mut plugins = Plugins::watch(patient(), |_| {});
    plugins.write("x.wasm", "one");
    fs::remove_file(plugins.path("x.wasm")).unwrap();
    // Whether its close is seen before it is gone, is a race.
    let all = plugins.all().await;
    let seen = [("x.wasm".to_owned(), Settled), ("x.wasm".to_owned(), Gone)];
    assert!(all.is_empty() || all == seen, "{all:?}");
}

#[tokio::test]
async fn without_inotify_a_file_made_again_within_the_quiet_was_never_gone() {
    let options = Options { quiet: patient().quiet, ..polling() };
    let mut plugins = Plugins::watch(options, one);
    fs::remove_file(plugins.path("x.wasm")).unwrap();
    // Time for a rescan to miss it; whether one does, makes no difference to what is said.
    tokio::time::sleep(2 * options.rescan).await;
    plugins.write("x.wasm", "two");
    plugins.expect(&[("x.wasm", Quiet)]).await;
    plugins.expect_nothing().await;
}
