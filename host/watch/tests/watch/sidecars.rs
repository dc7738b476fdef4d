//! Manifests beside a component, and manifests alone.

use crate::common::{Plugins, inotify, patient};
use std::fs;
use std::path::Path;
use wellhead_watch::FileEventKind::{Gone, Quiet, Settled};

fn component(folder: &Path) {
    fs::write(folder.join("x.wasm"), "one").unwrap();
}

fn frontend(folder: &Path) {
    fs::write(folder.join("x.plugin.json"), "{}").unwrap();
}

#[tokio::test]
async fn a_sidecar_made_changed_and_deleted_is_news_of_its_component() {
    let mut plugins = Plugins::watch(inotify(), component);
    plugins.write("x.plugin.json", "{}");
    plugins.expect(&[("x.wasm", Settled), ("x.wasm", Quiet)]).await;
    plugins.replace("x.plugin.json", "{ }");
    plugins.expect(&[("x.wasm", Settled), ("x.wasm", Quiet)]).await;
    fs::remove_file(plugins.path("x.plugin.json")).unwrap();
    plugins.expect(&[("x.wasm", Quiet)]).await;
    plugins.expect_nothing().await;
}

#[tokio::test]
async fn a_manifest_alone_is_a_plugin_of_its_own() {
    let mut plugins = Plugins::watch(inotify(), |_| {});
    plugins.write("x.plugin.json", "{}");
    plugins.expect(&[("x.plugin.json", Settled), ("x.plugin.json", Quiet)]).await;
    fs::remove_file(plugins.path("x.plugin.json")).unwrap();
    plugins.expect(&[("x.plugin.json", Gone)]).await;
}

#[tokio::test]
async fn a_front_end_is_gone_before_the_component_beside_it_comes() {
    let mut plugins = Plugins::watch(inotify(), frontend);
    assert_eq!(plugins.found.frontends, [plugins.path("x.plugin.json")]);
    plugins.write("x.wasm", "one");
    plugins.expect(&[("x.plugin.json", Gone), ("x.wasm", Settled), ("x.wasm", Quiet)]).await;
}

#[tokio::test]
async fn a_component_deleted_from_beside_its_sidecar_leaves_a_front_end() {
    let mut plugins = Plugins::watch(inotify(), |folder| {
        component(folder);
        frontend(folder);
    });
    fs::remove_file(plugins.path("x.wasm")).unwrap();
    plugins.expect(&[("x.wasm", Gone), ("x.plugin.json", Quiet)]).await;
}

#[tokio::test]
async fn a_component_made_again_beside_its_sidecar_was_never_a_front_end() {
    let mut plugins = Plugins::watch(patient(), |folder| {
        component(folder);
        frontend(folder);
    });
    fs::remove_file(plugins.path("x.wasm")).unwrap();
    plugins.replace("x.plugin.json", "{ }");
    plugins.write("x.wasm", "two");
    let all = plugins.all().await;
    // Both closes are seen together or one by one.
    assert!(all.iter().all(|(name, _)| name == "x.wasm"), "{all:?}");
    assert_eq!(all.last().map(|(_, kind)| *kind), Some(Quiet));
    assert!(all.iter().filter(|(_, kind)| *kind != Settled).count() == 1, "{all:?}");
}
