//! An operator's word about a plugin, and who may say it.

use crate::support::{Host, ID, PluginsHost, build, request};
use axum::http::{HeaderValue, Method, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use wellhead::OperatorState;
use wellhead_server::{PluginControl, ServerConfig};

fn kept(plugins: &PluginsHost) -> OperatorState {
    plugins.kept.0.lock().unwrap().get(ID).cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn rolled_back_is_the_code_before_and_rolled_back_twice_where_it_began() {
    let plugins = PluginsHost::start().await;
    let first = plugins.life().await;
    assert_eq!(plugins.say("rollback", "").await.status, StatusCode::CONFLICT, "there is nothing before it");
    let second = plugins.reload(2).await;
    for expected in [&first, &second] {
        let answer = plugins.say("rollback", "").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!((&answer.json()["id"], &answer.json()["wellhead"]["hash"]), (&json!(ID), &expected["hash"]));
        assert_eq!(plugins.query().await.0, StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pinned_code_stays_whatever_the_file_becomes_until_it_is_unpinned() {
    let plugins = PluginsHost::start().await;
    let hash = plugins.life().await["hash"].as_str().unwrap().to_owned();
    let answer = plugins.say("pin", &json!({"hash": &hash[..12]}).to_string()).await;
    assert_eq!(answer.json()["wellhead"]["pinned"], hash);
    assert_eq!(kept(&plugins).pinned.as_deref(), Some(hash.as_str()));
    plugins.put(&build(2));
    let waiting = plugins.wait_for("the new code", |life| !life["waiting"].is_null()).await;
    assert_eq!(waiting["hash"], hash);
    let answer = plugins.say("unpin", "{}").await.json();
    assert_eq!(answer["wellhead"]["hash"], waiting["waiting"]);
    assert_eq!(kept(&plugins), OperatorState::default());
    assert_eq!(plugins.say("pin", r#"{"hash":"0123"}"#).await.status, StatusCode::CONFLICT);
    assert_eq!(plugins.say("pin", "").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(plugins.say("pin", r#"{"hsah":"0123"}"#).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_plugin_is_unavailable_until_it_is_enabled() {
    let plugins = PluginsHost::start().await;
    let item = plugins.say("disable", "").await.json();
    assert_eq!((&item["enabled"], &item["wellhead"]["state"]), (&json!(false), &json!("disabled")));
    assert!(kept(&plugins).disabled);
    let health = plugins.host.get("/api/datasources/uid/testdata/health").await;
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(health.text().contains("it is disabled; enable it to use it again"), "{}", health.text());
    assert_eq!(plugins.say("enable", "").await.json()["enabled"], true);
    assert_eq!(plugins.query().await.0, StatusCode::OK);
    assert_eq!(kept(&plugins), OperatorState::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_auto_reload_new_code_waits_for_a_reload_by_hand() {
    let plugins = PluginsHost::start().await;
    let item = plugins.say("auto-reload", r#"{"enabled":false}"#).await.json();
    assert_eq!(item["wellhead"]["autoReload"], false);
    assert!(!kept(&plugins).auto_reload);
    plugins.put(&build(2));
    let waiting = plugins.wait_for("the new code", |life| !life["waiting"].is_null()).await;
    assert_eq!(waiting["generation"], 1);
    assert_eq!(plugins.say("reload", "").await.json()["wellhead"]["generation"], 2);
    plugins.put(b"not wasm");
    let refused = plugins.say("reload", "").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.json()["message"].as_str().unwrap().contains("not a readable WebAssembly file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decommissioned_plugin_comes_back_by_a_reload_and_a_removed_one_is_gone() {
    let plugins = PluginsHost::start().await;
    plugins.query().await;
    plugins.say("decommission", "").await;
    plugins.wait_for("its end", |life| life["state"] == "retired").await;
    assert_eq!(plugins.query().await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(plugins.say("reload", "").await.status, StatusCode::OK);
    assert_eq!(plugins.query().await.0, StatusCode::OK);

    let path = format!("/api/plugins/{ID}");
    let removed = plugins.request(Method::DELETE, &path, "").await;
    assert_eq!((removed.status, &removed.json()["wellhead"]["state"]), (StatusCode::OK, &json!("retired")));
    assert_eq!(plugins.host.get("/api/plugins").await.json(), json!([]));
    let gone = plugins.request(Method::DELETE, &path, "").await;
    assert_eq!((gone.status, &gone.json()["message"]), (StatusCode::NOT_FOUND, &json!("Plugin not found")));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_quarantined_can_be_released() {
    let plugins = PluginsHost::start().await;
    plugins.query().await;
    assert_eq!(plugins.say("release", "").await.status, StatusCode::OK);
    let one = plugins.say("release", r#"{"uid":"testdata"}"#).await;
    assert_eq!(one.status, StatusCode::CONFLICT);
    assert!(one.text().contains("of org 1 is not quarantined"), "{}", one.text());
}

#[tokio::test]
async fn a_plugin_that_is_compiled_in_changes_only_with_its_host() {
    let host = Host::start().await;
    for (method, path) in [
        (Method::POST, "/api/plugins/scripted/disable"),
        (Method::POST, "/api/plugins/scripted-alias/reload"),
        (Method::DELETE, "/api/plugins/scripted"),
    ] {
        let request = request(method, path).header("content-type", "application/json");
        let answer = host.send(request.body(Full::default()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{path}");
        assert!(answer.text().contains("compiled into the host"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_page_of_somebody_else_may_not_speak_for_whoever_has_it_open() {
    let host = Host::start().await;
    let said = |content_type: &'static str, origin: Option<&'static str>| {
        let mut said = request(Method::POST, "/api/plugins/nope/disable").header("content-type", content_type);
        if let Some(origin) = origin {
            said = said.header("origin", HeaderValue::from_static(origin));
        }
        host.send(said.body(Full::default()).unwrap())
    };
    // Nobody is refused to whom it is answered that there is no such plugin.
    assert_eq!(said("application/json", None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(said("application/json; charset=utf-8", None).await.status, StatusCode::NOT_FOUND);
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        assert_eq!(said(content_type, None).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type}");
    }
    for origin in ["http://evil.example", "null", "http://test"] {
        let refused = said("application/json", Some(origin)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{origin}");
        assert!(refused.text().contains("may not change"), "{}", refused.text());
    }
}

async fn disable_on(control: PluginControl, listen: &str) -> (StatusCode, Value) {
    disable_with(ServerConfig { plugin_control: control, ..ServerConfig::default() }, listen).await
}

async fn disable_with(config: ServerConfig, listen: &str) -> (StatusCode, Value) {
    let plugins = PluginsHost::start_with(config, listen).await;
    let answer = plugins.say("disable", "").await;
    (answer.status, answer.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn plugins_are_changed_on_loopback_alone_unless_somebody_says_otherwise() {
    assert_eq!(disable_on(PluginControl::On, "0.0.0.0:0").await.0, StatusCode::OK);
    let (status, body) = disable_on(PluginControl::Off, "127.0.0.1:0").await;
    assert_eq!(
        (status, body["message"].as_str().unwrap().contains("plugin-control is off")),
        (StatusCode::FORBIDDEN, true)
    );
    let (status, body) = disable_on(PluginControl::OnLoopback, "0.0.0.0:0").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let message = body["message"].as_str().unwrap();
    for part in ["listens on 0.0.0.0:", "which is not loopback", "plugin-control = \"on\"", "listen on 127.0.0.1"] {
        assert!(message.contains(part), "no {part:?} in {message}");
    }
    let behind_proxy = ServerConfig { behind_proxy: true, ..ServerConfig::default() };
    let (status, body) = disable_with(behind_proxy.clone(), "127.0.0.1:0").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(body["message"].as_str().unwrap().contains("behind a proxy, which brings anybody"), "{body}");
    let behind_proxy = ServerConfig { plugin_control: PluginControl::On, ..behind_proxy };
    assert_eq!(disable_with(behind_proxy, "127.0.0.1:0").await.0, StatusCode::OK);
}
