//! What operators said of a plugin outlives the process: it is handed to the runtime that starts next.

use crate::common::{ask, query, runtime_from, testdata};
use serde_json::json;
use std::fs;
use std::path::Path;
use wellhead_runtime::{OperatorState, PluginError, PluginState, Runtime};
use wellhead_test_support::guest;

const ID: &str = "grafana-testdata-datasource";

/// A runtime that starts with `said` in force, and loads `file`.
async fn started(file: &Path, said: OperatorState) -> Runtime {
    let runtime = runtime_from(Runtime::builder().operator_state(ID, said), &[]).await;
    runtime.load_file(file).await.unwrap();
    runtime
}

async fn answer(runtime: &Runtime) -> Result<usize, PluginError> {
    let query = query("A", json!({"scenarioId": "csv_content", "csvContent": "a\n1\n"}));
    ask(runtime, testdata(), [query]).await.map(|answers| answers[0].frames.len())
}

#[tokio::test]
async fn a_plugin_that_was_disabled_is_loaded_disabled() {
    let said = OperatorState { disabled: true, ..OperatorState::default() };
    let runtime = started(&guest("testdata"), said.clone()).await;
    let status = runtime.plugin_status(ID).unwrap();
    assert_eq!((status.state, status.operator_state()), (PluginState::Disabled, said));
    assert!(answer(&runtime).await.unwrap_err().to_string().contains("it is disabled"));
    runtime.enable(ID).await.unwrap();
    assert_eq!(answer(&runtime).await.unwrap(), 1);
}

#[tokio::test]
async fn a_plugin_that_did_not_follow_its_file_goes_on_not_following() {
    let runtime = started(&guest("testdata"), OperatorState { auto_reload: false, ..OperatorState::default() }).await;
    assert!(!runtime.plugin_status(ID).unwrap().auto_reload);
    assert_eq!(answer(&runtime).await.unwrap(), 1);
}

#[tokio::test]
async fn a_plugin_pinned_to_other_code_than_its_file_has_is_not_loaded_until_it_is_unpinned() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("testdata.wasm");
    fs::copy(guest("testdata"), &file).unwrap();
    let said = OperatorState { pinned: Some("ab".repeat(32)), ..OperatorState::default() };
    let runtime = started(&file, said.clone()).await;
    let status = runtime.plugin_status(ID).unwrap();
    assert!(status.current.is_none() && status.waiting.is_some(), "{status:?}");
    assert_eq!(status.operator_state(), said);
    let refused = answer(&runtime).await.unwrap_err().to_string();
    assert!(refused.contains("it is pinned to abab") && refused.contains("or unpin it"), "{refused}");
    let status = runtime.unpin(ID).await.unwrap();
    assert_eq!((status.state, status.waiting), (PluginState::Ready, None));
    assert_eq!(answer(&runtime).await.unwrap(), 1);
}
