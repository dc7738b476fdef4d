//! Files that are no plugin: each is refused with its reason, and the plugins beside it go on.

use crate::common::{ask, query, runtime, testdata};
use serde_json::json;
use std::fs;
use std::path::Path;
use wellhead_runtime::{Limits, PluginType, Runtime};
use wellhead_test_support::guest;

async fn refusal(file_name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(file_name);
    fs::write(&file, bytes).unwrap();
    let runtime = Runtime::builder().guest_threads(1).build().unwrap();
    let error = runtime.load_file(&file).await.unwrap_err();
    assert!(runtime.registry().list().is_empty());
    assert_eq!(runtime.plugins().rejections()[0].path, file);
    error.to_string().replace(&format!("{}/", folder.path().display()), "")
}

#[tokio::test]
async fn what_is_not_wasm_is_refused() {
    assert!(refusal("a.wasm", b"hello").await.starts_with("a.wasm: not a readable WebAssembly file: "));
    assert_eq!(refusal("a.wasm", b"").await, "a.wasm: not a readable WebAssembly file: the file is empty");
}

#[tokio::test]
async fn a_truncated_component_is_refused() {
    let whole = fs::read(guest("testdata")).unwrap();
    for end in [9, 1_000, whole.len() / 2, whole.len() - 1] {
        let reason = refusal("a.wasm", &whole[..end]).await;
        assert!(reason.contains("not a readable WebAssembly file"), "cut at {end}: {reason}");
    }
}

#[tokio::test]
async fn a_core_module_is_refused_with_the_target_to_build_for() {
    let module = wat::parse_str("(module)").unwrap();
    let reason = refusal("a.wasm", &module).await;
    assert_eq!(
        reason,
        "a.wasm: not a readable WebAssembly file: a core module, not a component: build with --target wasm32-wasip2"
    );
}

#[tokio::test]
async fn a_component_of_another_world_is_refused_by_what_it_exports() {
    let other = wat::parse_str(
        r#"(component (import "demo:a/b@1.0.0" (instance $i)) (export "wasi:cli/run@0.2.0" (instance $i)))"#,
    )
    .unwrap();
    let reason = refusal("a.wasm", &other).await;
    assert!(reason.contains("does not export wellhead:plugin/datasource@0.1.x"), "{reason}");
    assert!(reason.contains("it exports wasi:cli/run@0.2.0"), "{reason}");
}

#[tokio::test]
async fn a_missing_a_malformed_and_a_foreign_manifest_are_refused_each_with_its_cure() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.wasm");
    fs::copy(guest("testdata"), &file).unwrap();
    let sidecar = folder.path().join("a.plugin.json");
    let runtime = Runtime::builder().guest_threads(1).build().unwrap();
    let refuse = async |json: &str| {
        fs::write(&sidecar, json).unwrap();
        runtime.load_file(&file).await.unwrap_err().to_string().replace(&format!("{}/", folder.path().display()), "")
    };
    let malformed = refuse("{\n  \"id\": \"a\",\n  \"name\": 7\n}").await;
    assert!(malformed.starts_with("a.plugin.json: malformed manifest at \"name\" (line 3, column "), "{malformed}");
    let foreign = refuse(r#"{"id":"a","name":"A","type":"datasource","wellhead":{"contract":"0.2.0"}}"#).await;
    assert_eq!(
        foreign,
        "a.plugin.json: the plugin was built for contract wellhead:plugin@0.2.0, this host speaks 0.1.x: rebuild it with \
         an SDK of that version, or run a host that speaks 0.2.0"
    );
    let missing = refuse(r#"{"id":"a","name":"A","type":"datasource"}"#).await;
    assert!(missing.contains("manifest key \"wellhead\": missing: add {\"contract\": \"0.1.0\"}"), "{missing}");
    fs::write(&sidecar, r#"{"id":"a","name":"A","type":"datasource","wellhead":{"contract":"0.1.0"}}"#).unwrap();
    assert_eq!(runtime.load_file(&file).await.unwrap().id, "a", "a sidecar wins over the embedded manifest");
    assert!(runtime.plugins().rejections().is_empty(), "a good file takes its rejection back");
}

#[tokio::test]
async fn a_component_with_no_manifest_at_all_is_told_where_to_put_one() {
    let named = wat::parse_str(
        r#"(component (import "demo:a/b@1.0.0" (instance $i)) (export "wellhead:plugin/datasource@0.1.0" (instance $i)))"#,
    )
    .unwrap();
    let reason = refusal("a.wasm", &named).await;
    assert!(reason.starts_with("a.wasm: no manifest: build the plugin with the SDK's `export!`"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_asks_for_what_the_host_does_not_offer_is_unavailable_by_that_name() {
    let greedy = wat::parse_str(
        r#"(component (import "demo:a/b@1.0.0" (instance $i)) (export "wellhead:plugin/datasource@0.1.0" (instance $i)))"#,
    )
    .unwrap();
    let runtime = runtime(&["testdata"]).await;
    let sidecar = br#"{"id":"greedy","name":"G","type":"datasource","wellhead":{"contract":"0.1.0"}}"#;
    runtime.load_bytes("greedy", &greedy, Some(sidecar)).await.unwrap();
    let mut context = testdata();
    context.data_source = std::sync::Arc::new(crate::common::source("greedy", "greedy", json!({})));
    let error = ask(&runtime, context, [query("A", json!({}))]).await.unwrap_err().to_string();
    assert!(error.starts_with("plugin \"greedy\" is unavailable: its .wasm "), "{error}");
    assert!(error.contains("datasource") || error.contains("demo:a/b"), "{error}");
    ask(&runtime, testdata(), [query("A", json!({ "scenarioId": "random_walk" }))]).await.unwrap();
}

#[tokio::test]
async fn a_file_beyond_the_size_limit_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("big.wasm");
    fs::File::create(&file).unwrap().set_len(10 << 20).unwrap();
    let limits = Limits { wasm_bytes: 1 << 20, ..Limits::default() };
    let runtime = Runtime::builder().limits(limits).guest_threads(1).build().unwrap();
    let error = runtime.load_file(&file).await.unwrap_err().to_string();
    assert!(error.contains("limit \".wasm bytes\" exceeded: 10485760 asked, 1048576 allowed"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_serves_its_good_files_beside_the_bad_ones() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    fs::copy(guest("testdata"), folder.path().join("good.wasm")).unwrap();
    fs::copy(guest("testdata"), folder.path().join("second.wasm")).unwrap();
    put("bad.wasm", b"bad");
    put("notes.txt", b"not looked at");
    put("clock.plugin.json", br#"{"id":"clock-panel","name":"Clock","type":"panel"}"#);
    put("lost.plugin.json", br#"{"id":"lost","name":"Lost","type":"datasource","backend":true}"#);
    let runtime = Runtime::builder().guest_threads(1).build().unwrap();
    let loaded = runtime.load_folder(folder.path()).await.unwrap();
    let verdict = |name: &str| {
        let (_, outcome) = loaded.iter().find(|(file, _)| file.ends_with(name)).unwrap();
        outcome.as_ref().map(|manifest| manifest.id.clone()).map_err(ToString::to_string)
    };
    assert_eq!(verdict("good.wasm").unwrap(), "grafana-testdata-datasource");
    assert!(verdict("second.wasm").unwrap_err().contains("is already the id or an alias of"));
    assert!(verdict("bad.wasm").unwrap_err().contains("not a readable WebAssembly file"));
    assert_eq!(verdict("clock.plugin.json").unwrap(), "clock-panel");
    assert!(verdict("lost.plugin.json").unwrap_err().contains("lost.wasm is not there"));
    assert_eq!(loaded.len(), 5);
    assert_eq!(runtime.plugins().list_type(PluginType::Panel).len(), 1);
    assert_eq!(runtime.plugins().rejections().len(), 3);
    ask(&runtime, testdata(), [query("A", json!({ "scenarioId": "random_walk" }))]).await.unwrap();
    let missing = runtime.load_folder(Path::new("/no/such/folder")).await.unwrap_err();
    assert!(missing.to_string().starts_with("/no/such/folder: "), "{missing}");
}
