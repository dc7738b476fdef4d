//! What the host says of its plugins, while their files change.

use crate::support::{Host, ID, PluginsHost, build};
use axum::http::StatusCode;
use serde_json::json;
use std::fs;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_replaced_is_the_next_generation_and_the_one_before_can_still_be_seen() {
    let plugins = PluginsHost::start().await;
    assert_eq!(plugins.query().await.0, StatusCode::OK);
    let first = plugins.wait_for("the first generation", |life| life["state"] == "active").await;
    assert_eq!((&first["generation"], &first["instances"], &first["previous"]), (&json!(1), &json!(1), &json!(null)));
    assert_eq!((&first["autoReload"], &first["pinned"]), (&json!(true), &json!(null)));
    assert_eq!(first["file"], plugins.file("testdata.wasm").to_str().unwrap());
    assert!(first["compileMs"].as_f64().unwrap() > 0.0, "{first:#}");
    let loaded_at = first["loadedAt"].as_str().unwrap();
    assert!(loaded_at.len() == "2026-01-01T00:00:00.000Z".len() && loaded_at.ends_with('Z'), "{loaded_at}");

    let second = plugins.reload(2).await;
    assert_eq!(second["generation"], 2);
    let previous = &second["previous"];
    assert_eq!((&previous["generation"], &previous["hash"]), (&json!(1), &first["hash"]));
    assert_eq!(previous["loadedAt"], first["loadedAt"]);
    assert_eq!(plugins.query().await.0, StatusCode::OK);
    let item = &plugins.host.get("/api/plugins").await.json()[0];
    assert_eq!((&item["contentHash"], &item["enabled"]), (&second["hash"], &json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_is_among_the_errors_and_changes_nothing() {
    let plugins = PluginsHost::start().await;
    let good = plugins.life().await;
    assert_eq!(plugins.host.get("/api/plugins/errors").await.json(), json!([]));
    plugins.put(b"not wasm");
    fs::write(plugins.file("other.wasm"), build(1)).unwrap();
    let life = plugins.wait_for("the rejection", |life| !life["lastRejection"].is_null()).await;
    let reason = life["lastRejection"]["reason"].as_str().unwrap();
    assert!(reason.contains("not a readable WebAssembly file"), "{reason}");
    assert!(life["lastRejection"]["at"].is_string());
    assert_eq!(life["hash"], good["hash"]);
    assert_eq!(plugins.query().await.0, StatusCode::OK);

    let errors = plugins.host.get("/api/plugins/errors").await.json();
    let of = |name: &str| {
        errors.as_array().unwrap().iter().find(|error| error["file"] == plugins.file(name).to_str().unwrap())
    };
    let mine = of("testdata.wasm").unwrap();
    assert_eq!((&mine["pluginId"], &mine["errorCode"]), (&json!(ID), &json!("invalidManifest")));
    assert_eq!(mine["message"], reason);

    plugins.put(&build(3));
    plugins.wait_for("the mended file", |life| life["generation"] == 2).await;
    // It is accepted once the data sources have taken it.
    plugins.wait_for_errors("good news", |errors| !errors.to_string().contains("testdata.wasm")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_file_with_the_same_id_is_among_the_errors_under_its_own_name() {
    let plugins = PluginsHost::start().await;
    fs::write(plugins.file("other.wasm"), build(1)).unwrap();
    let errors = plugins.wait_for_errors("the second file", |errors| *errors != json!([])).await;
    assert_eq!((&errors[0]["pluginId"], &errors[0]["errorCode"]), (&json!("other"), &json!("duplicateId")));
}

#[tokio::test]
async fn a_plugin_that_is_compiled_in_is_active_and_has_no_generations() {
    let host = Host::start().await;
    let life = &host.get("/api/plugins").await.json()[0]["wellhead"];
    assert_eq!((&life["state"], &life["generation"], &life["file"]), (&json!("active"), &json!(null), &json!(null)));
}
