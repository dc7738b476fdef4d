//! Files that are replaced by rename: themselves, or what they are links to.

use crate::common::{Plugins, inotify, patient};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use wellhead_watch::FileEventKind::{Quiet, Settled};

fn version(folder: &Path, name: &str, bytes: &str) {
    fs::create_dir(folder.join(name)).unwrap();
    fs::write(folder.join(name).join("x.wasm"), bytes).unwrap();
    fs::write(folder.join(name).join("same.wasm"), "same").unwrap();
}

/// A mounted ConfigMap: <https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically>
fn config_map(folder: &Path) {
    version(folder, "..2026_a", "one");
    symlink("..2026_a", folder.join("..data")).unwrap();
    symlink("..data/x.wasm", folder.join("x.wasm")).unwrap();
}

#[tokio::test]
async fn a_file_renamed_into_place_is_settled_at_once() {
    let mut plugins = Plugins::watch(patient(), |folder| fs::write(folder.join("x.wasm"), "one").unwrap());
    plugins.replace("x.wasm", "two");
    plugins.expect(&[("x.wasm", Settled), ("x.wasm", Quiet)]).await;
    plugins.write(".y.tmp", "new");
    fs::rename(plugins.path(".y.tmp"), plugins.path("y.wasm")).unwrap();
    plugins.expect(&[("y.wasm", Settled), ("y.wasm", Quiet)]).await;
    plugins.expect_nothing().await;
}

#[tokio::test]
async fn a_symlink_turned_by_rename_is_settled_at_once() {
    let mut plugins = Plugins::watch(inotify(), |folder| symlink("../one", folder.join("x.wasm")).unwrap());
    assert_eq!(plugins.found.components, [plugins.path("x.wasm")]);
    fs::write(plugins.outside("two"), "two").unwrap();
    symlink("../two", plugins.path(".x.link")).unwrap();
    fs::rename(plugins.path(".x.link"), plugins.path("x.wasm")).unwrap();
    plugins.expect(&[("x.wasm", Settled), ("x.wasm", Quiet)]).await;
}

#[tokio::test]
async fn a_config_map_swapped_settles_the_files_that_are_links_through_it() {
    let mut plugins = Plugins::watch(inotify(), |folder| {
        config_map(folder);
        fs::write(folder.join("other.wasm"), "other").unwrap();
    });
    version(&plugins.folder, "..2026_b", "two");
    symlink("..2026_b", plugins.path("..data_tmp")).unwrap();
    fs::rename(plugins.path("..data_tmp"), plugins.path("..data")).unwrap();
    plugins.expect(&[("x.wasm", Settled), ("x.wasm", Quiet)]).await;
    fs::remove_dir_all(plugins.path("..2026_a")).unwrap();
    plugins.expect_nothing().await;
}

#[tokio::test]
async fn a_config_map_unlinked_and_linked_again_makes_its_files_quiet() {
    let mut plugins = Plugins::watch(patient(), config_map);
    version(&plugins.folder, "..2026_b", "two");
    fs::remove_file(plugins.path("..data")).unwrap();
    symlink("..2026_b", plugins.path("..data")).unwrap();
    plugins.expect(&[("x.wasm", Quiet)]).await;
    plugins.expect_nothing().await;
}

#[tokio::test]
async fn the_file_of_the_folder_that_is_linked_to_is_rewritten() {
    let mut plugins = Plugins::watch(inotify(), |folder| {
        fs::write(folder.join(".x.real"), "one").unwrap();
        symlink(".x.real", folder.join("x.wasm")).unwrap();
    });
    plugins.write(".x.real", "second");
    plugins.expect(&[("x.wasm", Settled), ("x.wasm", Quiet)]).await;
}
