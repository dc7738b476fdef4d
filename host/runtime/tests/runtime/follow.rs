//! A plugins folder that is followed: what a file becomes, its plugin becomes.

use crate::common::{ask, builds, eventually, hostile_as, query, runtime_with, settings_of};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wellhead_runtime::{
    FollowOptions, Limits, PluginChange, PluginContext, PluginError, PluginOrigin, PluginState, Runtime,
};
use wellhead_test_support::guest;

const TESTDATA: &str = "grafana-testdata-datasource";
const QUIET: Duration = Duration::from_millis(300);

fn options() -> FollowOptions {
    FollowOptions { quiet: QUIET, rescan: Duration::from_millis(500), ..FollowOptions::default() }
}

async fn following(files: &[(&str, &[u8])]) -> (Runtime, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let runtime = runtime_with(&[], Limits::default()).await;
    runtime.follow_folder(folder.path(), options()).await.unwrap();
    (runtime, folder)
}

/// As a careful program writes: beside, then moved into place.
fn put(folder: &TempDir, name: &str, bytes: &[u8]) {
    let beside = folder.path().join(format!(".{name}.new"));
    fs::write(&beside, bytes).unwrap();
    fs::rename(&beside, folder.path().join(name)).unwrap();
}

async fn answers_as(runtime: &Runtime, plugin_id: &str) -> Result<(), PluginError> {
    let context = PluginContext::for_data_source(settings_of(plugin_id, "a", json!({})));
    ask(runtime, context, [query("A", json!({ "scenarioId": "empty" }))]).await.map(drop)
}

async fn answers(runtime: &Runtime) -> Result<(), PluginError> {
    answers_as(runtime, TESTDATA).await
}

fn generation(runtime: &Runtime) -> Option<u64> {
    Some(runtime.plugin_status(TESTDATA)?.current?.id.number)
}

fn rejected(runtime: &Runtime) -> usize {
    runtime.plugins().rejections().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_appear_and_change_are_loaded_and_deleted_ones_retire_their_plugin() {
    let builds = builds("testdata");
    let (runtime, folder) = following(&[]).await;
    put(&folder, "t.wasm", &builds[0]);
    eventually("the plugin is there", || generation(&runtime) == Some(1)).await;
    answers(&runtime).await.unwrap();
    put(&folder, "t.wasm", &builds[1]);
    eventually("the new code serves", || generation(&runtime) == Some(2)).await;
    answers(&runtime).await.unwrap();

    fs::remove_file(folder.path().join("t.wasm")).unwrap();
    let state = || runtime.plugin_status(TESTDATA).unwrap().state;
    eventually("the plugin retires", || state() == PluginState::Retired).await;
    let gone = answers(&runtime).await.unwrap_err().to_string();
    assert!(gone.contains("t.wasm was deleted; put it back to use it again"), "{gone}");
    fs::write(folder.path().join("t.wasm"), &builds[1]).unwrap();
    eventually("it is back", || generation(&runtime) == Some(3)).await;
    answers(&runtime).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_file_is_told_of_once_it_has_been_quiet_and_not_before() {
    let builds = builds("testdata");
    let (runtime, folder) = following(&[("t.wasm", &builds[0])]).await;
    answers(&runtime).await.unwrap();
    let mut events = runtime.events();
    let written = Instant::now();
    fs::write(folder.path().join("t.wasm"), &builds[1][..builds[1].len() / 2]).unwrap();
    let told = async {
        loop {
            if let PluginChange::Rejected { reason, .. } = &events.next().await.unwrap().change {
                return reason.clone();
            }
        }
    };
    let reason = tokio::time::timeout(Duration::from_secs(10), told).await.unwrap();
    assert!(written.elapsed() >= QUIET);
    assert!(reason.contains("not a readable WebAssembly file"), "{reason}");
    assert_eq!((rejected(&runtime), generation(&runtime)), (1, Some(1)));
    answers(&runtime).await.unwrap();
    fs::write(folder.path().join("t.wasm"), &builds[1]).unwrap();
    eventually("the whole file serves", || generation(&runtime) == Some(2) && rejected(&runtime) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_that_changes_is_new_code_and_one_that_is_no_manifest_changes_nothing() {
    let builds = builds("testdata");
    let (runtime, folder) = following(&[("t.wasm", &builds[0])]).await;
    let manifest = json!({
        "id": TESTDATA, "name": "T", "type": "datasource", "info": { "version": "9.9.9" }, "wellhead": { "contract": "0.1.0" }
    });
    put(&folder, "t.plugin.json", manifest.to_string().as_bytes());
    let version = || runtime.plugin_status(TESTDATA).unwrap().current.unwrap().id.version;
    eventually("the sidecar counts", || version() == "9.9.9").await;
    assert_eq!(runtime.plugins().get(TESTDATA).unwrap().manifest.info.version, "9.9.9");
    put(&folder, "t.plugin.json", b"{");
    eventually("it is refused", || rejected(&runtime) == 1).await;
    assert_eq!(version(), "9.9.9");
    fs::remove_file(folder.path().join("t.plugin.json")).unwrap();
    eventually("the embedded manifest counts again", || version() != "9.9.9" && rejected(&runtime) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_renamed_keeps_its_plugin_and_one_with_another_id_inside_replaces_it() {
    let builds = builds("testdata");
    let (runtime, folder) = following(&[("t.wasm", &builds[0])]).await;
    let path = |name: &str| folder.path().join(name);
    fs::rename(path("t.wasm"), path("u.wasm")).unwrap();
    let origin = |path: &Path| runtime.plugins().get(TESTDATA).unwrap().origin == PluginOrigin::File(path.to_owned());
    eventually("the plugin's file is known", || origin(&path("u.wasm"))).await;
    tokio::time::sleep(2 * QUIET).await;
    answers(&runtime).await.unwrap();
    assert_eq!(generation(&runtime), Some(1), "its code is the same");

    let (other, manifest) = hostile_as("other-datasource");
    put(&folder, "u.plugin.json", &manifest);
    put(&folder, "u.wasm", &other);
    eventually("the other plugin is there", || {
        runtime.plugin_status("other-datasource").is_some() && runtime.plugins().get(TESTDATA).is_none()
    })
    .await;
    assert!(matches!(answers(&runtime).await, Err(PluginError::NotRegistered { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_file_with_the_same_id_comes_in_when_the_first_goes() {
    let builds = builds("testdata");
    let (runtime, folder) = following(&[("a.wasm", &builds[0]), ("b.wasm", &builds[1])]).await;
    assert_eq!((rejected(&runtime), generation(&runtime)), (1, Some(1)));
    fs::remove_file(folder.path().join("a.wasm")).unwrap();
    eventually("the second serves", || generation(&runtime) == Some(2) && rejected(&runtime) == 0).await;
    answers(&runtime).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_files_serve_at_once_and_are_compiled_when_they_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..500 {
        let id = format!("plugin-{number}-datasource");
        let manifest = json!({ "id": id, "name": id, "type": "datasource", "wellhead": { "contract": "0.1.0" } });
        // One component under many names: what differs is the manifest.
        fs::hard_link(guest("testdata"), folder.path().join(format!("p{number}.wasm")))
            .or_else(|_| fs::copy(guest("testdata"), folder.path().join(format!("p{number}.wasm"))).map(drop))
            .unwrap();
        fs::write(folder.path().join(format!("p{number}.plugin.json")), manifest.to_string()).unwrap();
    }
    let runtime = runtime_with(&[], Limits::default()).await;
    let loaded = runtime.follow_folder(folder.path(), options()).await.unwrap();
    assert!(loaded.iter().all(|(_, outcome)| outcome.is_ok()) && loaded.len() == 500);
    // The last one in the queue of those that are compiled when there is time.
    answers_as(&runtime, "plugin-499-datasource").await.unwrap();
}
