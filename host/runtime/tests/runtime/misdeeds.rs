//! Guests that break rules: each breach costs its own call, or its own instance, and is told in words.

use crate::common::{ask, hostile, metric, query, runtime, runtime_with, testdata};
use futures::StreamExt;
use http::{HeaderMap, Method};
use serde_json::json;
use std::time::Duration;
use wellhead_runtime::{
    CallResourceRequest, CallResourceResponse, DataResponse, HealthStatus, Limits, PluginError, ResourceBody, Runtime,
};

const HOSTILE: &str = "wellhead-hostile-datasource";

async fn misdeed(runtime: &Runtime, misdeed: &str) -> Result<Vec<DataResponse>, PluginError> {
    ask(runtime, hostile(misdeed), [query("A", json!({})), query("B", json!({}))]).await
}

/// A healthy data source of the same plugin and one of another answer.
async fn others_are_well(runtime: &Runtime) {
    let answers = misdeed(runtime, "").await.unwrap();
    assert!(answers.iter().all(|answer| answer.status == 200));
    ask(runtime, testdata(), [query("A", json!({ "scenarioId": "random_walk" }))]).await.unwrap();
}

fn reason(error: PluginError) -> String {
    match error {
        PluginError::RequestFailure { plugin_id, reason } if plugin_id == HOSTILE => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_the_instance_with_the_guests_words_and_the_next_call_gets_a_fresh_one() {
    let runtime = runtime(&["hostile", "testdata"]).await;
    let text = reason(misdeed(&runtime, "panic").await.unwrap_err());
    assert!(text.starts_with("its instance crashed: "), "{text}");
    assert!(text.contains("asked to panic by query A"), "{text}");
    assert!(text.contains("datasource@0.1.0#query-data"), "the backtrace names the export: {text}");
    let good = query("A", json!({ "misdeed": "none" }));
    ask(&runtime, hostile("panic"), [good]).await.unwrap();
    others_are_well(&runtime).await;
    assert_eq!(metric(&runtime, r#"wellhead_plugin_crashes_total{"#), Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_configure_fails_every_call_of_that_data_source_and_no_other() {
    let runtime = runtime(&["hostile", "testdata"]).await;
    for _ in 0..2 {
        let text = reason(misdeed(&runtime, "panic-in-configure").await.unwrap_err());
        assert!(
            text.starts_with(r#"it did not start for data source "panic-in-configure": its instance crashed: "#),
            "{text}"
        );
        assert!(text.contains("asked to panic in configure"), "{text}");
    }
    others_are_well(&runtime).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn configure_may_not_take_longer_than_its_deadline() {
    let limits = Limits { configure_deadline: Duration::from_millis(300), ..Limits::default() };
    let runtime = runtime_with(&["hostile", "testdata"], limits).await;
    let text = reason(misdeed(&runtime, "spin-in-configure").await.unwrap_err());
    assert!(text.contains("configure took more than 300ms"), "{text}");
    others_are_well(&runtime).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_settings_are_the_data_sources_fault() {
    let runtime = runtime(&["hostile"]).await;
    let error = misdeed(&runtime, "refuse-settings").await.unwrap_err();
    let PluginError::InvalidSettings { uid, error, .. } = &error else { panic!("{error:?}") };
    assert_eq!((uid.as_str(), error.status), ("refuse-settings", 400));
    assert_eq!(error.message, "the key \"color\" must be a color");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spinning_guest_times_out_loses_its_instance_and_delays_nobody_else() {
    let limits =
        Limits { call_deadline: Duration::from_secs(2), cancel_grace: Duration::from_millis(200), ..Limits::default() };
    let runtime = runtime_with(&["hostile", "testdata"], limits).await;
    while misdeed(&runtime, "").await.is_err() {}
    let (spinning, ()) = tokio::join!(misdeed(&runtime, "spin"), others_are_well(&runtime));
    assert!(matches!(spinning.unwrap_err(), PluginError::Timeout { .. }));
    crate::common::eventually("the spinning instance is ended", || {
        metric(&runtime, "wellhead_plugin_crashes_total{") == Some(1.0)
    })
    .await;
    let good = query("A", json!({ "misdeed": "none" }));
    ask(&runtime, hostile("spin"), [good]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_ignores_its_cancel_past_the_grace_loses_its_instance() {
    let limits = Limits { cancel_grace: Duration::from_millis(200), ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    misdeed(&runtime, "").await.unwrap();
    let context = hostile("ignore-cancel");
    let call = ask(&runtime, context.clone(), [query("A", json!({}))]);
    assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
    crate::common::eventually("the instance is ended", || {
        metric(&runtime, "wellhead_plugin_crashes_total{") == Some(1.0)
    })
    .await;
    ask(&runtime, context, [query("A", json!({ "misdeed": "none" }))]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_beyond_the_limit_is_refused_and_named_in_the_crash() {
    let limits = Limits { memory_bytes: 64 << 20, ..Limits::default() };
    let runtime = runtime_with(&["hostile", "testdata"], limits).await;
    let text = reason(misdeed(&runtime, "allocate").await.unwrap_err());
    assert!(text.contains("bytes of memory, more than its limit"), "{text}");
    others_are_well(&runtime).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_beyond_the_limit_ends_the_instance() {
    let limits = Limits { memory_bytes: 1 << 30, ..Limits::default() };
    let runtime = runtime_with(&["hostile", "testdata"], limits).await;
    let text = reason(misdeed(&runtime, "transfer").await.unwrap_err());
    assert!(text.starts_with("its instance crashed: "), "{text}");
    others_are_well(&runtime).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_limit_are_refused_by_name() {
    let limits = Limits { calls_in_flight: 4, cancel_grace: Duration::from_millis(100), ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    let calls = (0..8).map(|_| async {
        let call = ask(&runtime, hostile("sleep-50"), [query("A", json!({}))]);
        call.await
    });
    let outcomes = futures::future::join_all(calls).await;
    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect::<Vec<_>>();
    assert_eq!(refused.len(), 4);
    assert_eq!(refused[0].to_string(), "limit \"calls in flight of one data source\" exceeded: 5 asked, 4 allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_break_a_rule_fail_the_query_they_belong_to() {
    let runtime = runtime(&["hostile"]).await;
    let message = |answer: &DataResponse| answer.error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
    for (name, expected) in [
        ("no-answer", r#"plugin "wellhead-hostile-datasource" did not answer query "A""#),
        ("wrong-ref-id", r#"plugin "wellhead-hostile-datasource" did not answer query "A""#),
        ("garbage-frame", r#"frame 0 of query "A" from plugin "wellhead-hostile-datasource" is not valid: "#),
        ("fail-call", "nothing works"),
        ("error", "no A today"),
        ("answer-twice", ""),
    ] {
        let answers = misdeed(&runtime, name).await.unwrap();
        assert_eq!(answers.len(), 2, "{name}");
        assert!(message(&answers[0]).starts_with(expected), "{name}: {}", message(&answers[0]));
        let status = answers[0].status;
        let good = expected.is_empty();
        assert!(if good { status == 200 } else { (400..600).contains(&status) }, "{name}: {status}");
    }
    assert_eq!(misdeed(&runtime, "strange-status").await.unwrap()[0].status, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn streamed_answers_that_break_a_rule_fail_and_never_hang() {
    let limits =
        Limits { call_deadline: Duration::from_secs(3), cancel_grace: Duration::from_millis(200), ..Limits::default() };
    let runtime = runtime_with(&["hostile", "testdata"], limits).await;
    while misdeed(&runtime, "").await.is_err() {}
    let answers = misdeed(&runtime, "garbage-pieces").await.unwrap();
    assert!(answers[0].error.as_ref().unwrap().message.contains("frame 1 of query \"A\""));
    let answers = misdeed(&runtime, "unfinished-pieces").await.unwrap();
    assert!(answers[0].error.as_ref().unwrap().message.contains("did not answer query \"A\""));
    let endless = misdeed(&runtime, "endless-pieces").await.unwrap_err();
    assert!(matches!(endless, PluginError::Timeout { .. }), "{endless}");
    others_are_well(&runtime).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_checks_that_fail_say_so_and_details_that_are_no_json_are_dropped() {
    let runtime = runtime(&["hostile"]).await;
    let health = runtime.client().check_health(hostile("")).await.unwrap();
    assert_eq!((health.status, health.details), (HealthStatus::Ok, None));
    let failed = runtime.client().check_health(hostile("fail-health")).await.unwrap_err();
    assert!(matches!(&failed, PluginError::HealthCheckFailed { reason, .. } if reason == "no pulse"), "{failed}");
    let crashed = runtime.client().check_health(hostile("panic-in-health")).await.unwrap_err();
    assert!(reason(crashed).contains("asked to panic in check-health"));
}

async fn resource(runtime: &Runtime, path: &str) -> Result<CallResourceResponse, PluginError> {
    let request = CallResourceRequest {
        method: Method::GET,
        path: path.into(),
        query: String::new(),
        headers: HeaderMap::new(),
        body: ResourceBody::empty(),
    };
    runtime.client().call_resource(hostile(""), request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn resource_responses_that_are_no_http_are_refused() {
    let runtime = runtime(&["hostile"]).await;
    for (path, expected) in [
        ("status", "its resource response is not valid: status 99 is not a final HTTP status"),
        ("header-name", "its resource response is not valid: header \"bad name\" is not legal HTTP"),
        ("header-value", "its resource response is not valid: header \"x-split\" is not legal HTTP"),
    ] {
        assert_eq!(reason(resource(&runtime, path).await.unwrap_err()), expected);
    }
    let failed = resource(&runtime, "fail").await.unwrap_err();
    assert!(matches!(&failed, PluginError::Guest(error) if error.status == 418), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_body_that_breaks_off_says_so_and_one_that_never_ends_is_bounded() {
    let runtime = runtime(&["hostile"]).await;
    let broken = resource(&runtime, "broken-body").await.unwrap().body.collect(1 << 20).await.unwrap_err();
    assert!(matches!(&broken, PluginError::Guest(error) if error.message == "the other half is lost"), "{broken}");
    let endless = resource(&runtime, "endless-body").await.unwrap().body.collect(1 << 20).await.unwrap_err();
    assert!(matches!(endless, PluginError::LimitExceeded { limit: 1_048_576, .. }), "{endless}");
    let mut panicking = resource(&runtime, "panic-in-body").await.unwrap().body.into_stream();
    assert_eq!(&panicking.next().await.unwrap().unwrap()[..], b"half");
    let crashed = panicking.next().await.unwrap().unwrap_err();
    assert!(reason(crashed).contains("asked to panic while streaming"));
    assert_eq!(&resource(&runtime, "ok").await.unwrap().body.collect(10).await.unwrap()[..], b"ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_spins_in_shutdown_does_not_hold_the_host() {
    let limits = Limits { shutdown_deadline: Duration::from_millis(200), ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    misdeed(&runtime, "spin-in-shutdown").await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), runtime.shutdown(Duration::from_secs(5))).await.unwrap();
}
