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
    // When this is seen, so is all before it.
    plugins.replace("other.wasm", "other");
    plugins.expect(&[("other.wasm", Settled)]).await;
    plugins.write("x.wasm", "two");
    let mut all = plugins.all().await;
    all.retain(|(name, _)| !name.starts_with("other"));
    assert_eq!(all, [("x.wasm".to_owned(), Settled), ("x.wasm".to_owned(), Quiet)]);
}
