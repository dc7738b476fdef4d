//! The life of instances: crashes and what follows, replicas, idleness, the room for them, deadlines and CPU.

use crate::common::{ask, eventually, hostile_as, metric, query, request, runtime_with, settings_of, source, testdata};
use serde_json::json;
use std::time::{Duration, Instant};
use wellhead_runtime::{LimitOverrides, Limits, PluginContext, PluginError, PluginState, Runtime};

const HOSTILE: &str = "wellhead-hostile-datasource";
const INSTANCES: &str = "wellhead_plugin_instances{";

async fn does(runtime: &Runtime, uid: &str, misdeed: &str) -> Result<(), PluginError> {
    let context = PluginContext::for_data_source(source("hostile", uid, json!({})));
    ask(runtime, context, [query("A", json!({ "misdeed": misdeed }))]).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn crashes_lead_to_quarantine_of_their_data_source_alone_until_somebody_lets_it_out() {
    let limits = Limits { crashes: 3, ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    for _ in 0..3 {
        let crashed = does(&runtime, "a", "panic").await.unwrap_err();
        assert!(matches!(crashed, PluginError::RequestFailure { .. }), "{crashed}");
    }
    let refused = does(&runtime, "a", "none").await.unwrap_err().to_string();
    assert!(refused.contains(r#"data source "a" is quarantined after 3 crashes within 60s"#), "{refused}");
    assert!(refused.contains("asked to panic by query A"), "the last crash is told: {refused}");
    let status = runtime.plugin_status(HOSTILE).unwrap();
    assert_eq!(status.state, PluginState::Quarantined);
    assert_eq!((status.quarantined[0].org_id, status.quarantined[0].uid.as_str()), (1, "a"));
    does(&runtime, "b", "none").await.unwrap();
    assert_eq!(runtime.release(HOSTILE, Some((2, "a"))).unwrap(), 0, "another org's");
    assert_eq!(runtime.release(HOSTILE, Some((1, "a"))).unwrap(), 1);
    does(&runtime, "a", "none").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn new_settings_let_a_data_source_out_of_quarantine() {
    let runtime = runtime_with(&["hostile"], Limits { crashes: 1, ..Limits::default() }).await;
    does(&runtime, "a", "panic").await.unwrap_err();
    assert!(matches!(does(&runtime, "a", "none").await, Err(PluginError::Unavailable { .. })));
    let mut settings = source("hostile", "a", json!({ "other": true }));
    settings.version = 2;
    ask(&runtime, PluginContext::for_data_source(settings), [query("A", json!({ "misdeed": "none" }))]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_an_idempotent_plugin_is_made_again_after_a_crash_and_another_is_not() {
    let (wasm, manifest) = hostile_as("plain-datasource");
    let idempotent = json!({
        "id": "idempotent-datasource", "name": "I", "type": "datasource",
        "wellhead": { "contract": "0.1.0", "capabilities": { "idempotent": true } }
    });
    let runtime = runtime_with(&[], Limits::default()).await;
    runtime.load_bytes("plain", &wasm, Some(&manifest)).await.unwrap();
    runtime.load_bytes("idempotent", &wasm, Some(idempotent.to_string().as_bytes())).await.unwrap();
    let panic_once = |plugin: &str, uid: &str| {
        let context = PluginContext::for_data_source(settings_of(plugin, uid, json!({})));
        let runtime = &runtime;
        async move { ask(runtime, context, [query("A", json!({ "misdeed": "panic-once" }))]).await }
    };
    assert!(panic_once("plain-datasource", "a").await.is_err());
    assert_eq!(panic_once("idempotent-datasource", "a").await.unwrap()[0].status, 200);
    assert_eq!(metric(&runtime, r#"wellhead_plugin_crashes_total{plugin="idempotent-datasource"}"#), Some(1.0));
    // One that is there at two crashes is told.
    let context = PluginContext::for_data_source(settings_of("idempotent-datasource", "b", json!({})));
    let twice = ask(&runtime, context, [query("A", json!({ "misdeed": "panic" }))]).await.unwrap_err();
    assert!(twice.to_string().contains("asked to panic by query A"), "{twice}");
    assert_eq!(metric(&runtime, r#"wellhead_plugin_crashes_total{plugin="idempotent-datasource"}"#), Some(3.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_flight_beside_a_crash_are_made_again_where_that_is_harmless() {
    let (wasm, _) = hostile_as("x");
    let idempotent = json!({
        "id": "idempotent-datasource", "name": "I", "type": "datasource",
        "wellhead": { "contract": "0.1.0", "capabilities": { "idempotent": true } }
    });
    let runtime = runtime_with(&[], Limits::default()).await;
    runtime.load_bytes("idempotent", &wasm, Some(idempotent.to_string().as_bytes())).await.unwrap();
    let context = || PluginContext::for_data_source(settings_of("idempotent-datasource", "a", json!({})));
    ask(&runtime, context(), [query("A", json!({}))]).await.unwrap();
    let sleeping = (0..20).map(|_| ask(&runtime, context(), [query("A", json!({ "misdeed": "sleep-50" }))]));
    let crash = ask(&runtime, context(), [query("A", json!({ "misdeed": "panic-once" }))]);
    let (slept, crashed) = tokio::join!(futures::future::join_all(sleeping), crash);
    crashed.unwrap();
    slept.into_iter().for_each(|answer| drop(answer.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_never_awaits_is_ended_at_the_deadline_of_its_call() {
    let limits = Limits { call_deadline: Duration::from_secs(2), ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    does(&runtime, "a", "none").await.unwrap();
    let spinning = does(&runtime, "a", "spin").await.unwrap_err();
    assert!(matches!(spinning, PluginError::Timeout { .. }), "{spinning}");
    // Not after the grace of five seconds: the next call would wait that long.
    let next = tokio::time::timeout(Duration::from_secs(3), does(&runtime, "a", "none"));
    eventually("the instance is ended", || metric(&runtime, "wellhead_plugin_crashes_total{") == Some(1.0)).await;
    let _ = next.await;
    does(&runtime, "a", "none").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_may_not_use_more_cpu_than_its_limit_and_waiting_costs_none() {
    let runtime =
        runtime_with(&["hostile"], Limits { guest_cpu: Duration::from_millis(300), ..Limits::default() }).await;
    let refused = does(&runtime, "a", "spin").await.unwrap_err();
    let PluginError::LimitExceeded { name: "guest CPU of one call, ms", limit: 300, actual } = refused else {
        panic!("{refused:?}")
    };
    assert!(actual >= 300);
    let cpu = metric(
        &runtime,
        r#"wellhead_plugin_guest_cpu_seconds_total{plugin="wellhead-hostile-datasource",org="1",uid="a""#,
    );
    assert!(cpu.is_some_and(|seconds| seconds >= 0.3), "{cpu:?}");
    for _ in 0..10 {
        does(&runtime, "b", "sleep-50").await.unwrap();
    }
    let cpu = metric(
        &runtime,
        r#"wellhead_plugin_guest_cpu_seconds_total{plugin="wellhead-hostile-datasource",org="1",uid="b""#,
    );
    assert!(cpu.is_some_and(|seconds| seconds < 0.25), "ten waits of 50 ms: {cpu:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_goes_on_computing_after_its_answer_is_ended() {
    let runtime =
        runtime_with(&["hostile"], Limits { guest_cpu: Duration::from_millis(300), ..Limits::default() }).await;
    does(&runtime, "a", "spin-in-task").await.unwrap();
    eventually("the instance is ended", || metric(&runtime, "wellhead_plugin_crashes_total{") == Some(1.0)).await;
    does(&runtime, "a", "none").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_source_whose_calls_compute_gets_replicas_up_to_its_limit() {
    let limits = Limits { replicas: 2, call_deadline: Duration::from_secs(3), ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    does(&runtime, "a", "none").await.unwrap();
    let load = async {
        loop {
            let calls = (0..4).map(|_| does(&runtime, "a", "compute-20"));
            futures::future::join_all(calls).await.into_iter().for_each(|answer| answer.unwrap());
        }
    };
    let grown = eventually("there are two instances", || metric(&runtime, INSTANCES) == Some(2.0));
    tokio::select! {
        () = load => {}
        () = grown => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_idle_for_long_is_let_go_and_made_again_when_it_is_needed() {
    let runtime =
        runtime_with(&["hostile"], Limits { idle_after: Duration::from_millis(100), ..Limits::default() }).await;
    does(&runtime, "a", "none").await.unwrap();
    eventually("it is let go", || metric(&runtime, INSTANCES) == Some(0.0)).await;
    does(&runtime, "a", "none").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_room_the_instance_idle_for_longest_makes_some_and_busy_ones_do_not() {
    let runtime = runtime_with(&["hostile"], Limits { live_instances: 2, ..Limits::default() }).await;
    for uid in ["a", "b", "c"] {
        does(&runtime, uid, "none").await.unwrap();
        // The clock of uses counts milliseconds.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    assert_eq!(metric(&runtime, INSTANCES), Some(2.0));
    let busy = ["b", "c"].map(|uid| does(&runtime, uid, "sleep-1000"));
    let other = async {
        eventually("both are busy", || metric(&runtime, INSTANCES) == Some(2.0)).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        does(&runtime, "d", "none").await
    };
    let (busy, other) = tokio::join!(futures::future::join_all(busy), other);
    busy.into_iter().for_each(|answer| answer.unwrap());
    let refused = other.unwrap_err();
    assert!(matches!(refused, PluginError::LimitExceeded { name: "live instances", limit: 2, actual: 3 }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_one_data_source_are_its_own() {
    let builder = Runtime::builder().data_source_limits(
        1,
        "small",
        LimitOverrides { calls_in_flight: Some(1), ..LimitOverrides::default() },
    );
    let runtime = crate::common::runtime_from(builder, &["hostile"]).await;
    let two = |uid| {
        let runtime = &runtime;
        async move { tokio::join!(does(runtime, uid, "sleep-50"), does(runtime, uid, "sleep-50")) }
    };
    let (one, other) = two("small").await;
    assert!(one.is_err() != other.is_err(), "{one:?} {other:?}");
    let (one, other) = two("large").await;
    one.and(other).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_data_source_leaves_no_instance_behind() {
    let runtime = runtime_with(&["hostile"], Limits::default()).await;
    does(&runtime, "a", "none").await.unwrap();
    runtime.forget_data_source(1, "a");
    eventually("its instance is gone", || metric(&runtime, INSTANCES) == Some(0.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_that_compute_on_every_core_leave_room_for_those_that_do_not() {
    let limits = Limits { call_deadline: Duration::from_secs(4), ..Limits::default() };
    let runtime = runtime_with(&["hostile", "testdata"], limits).await;
    let good = || query("A", json!({ "scenarioId": "random_walk" }));
    ask(&runtime, testdata(), [good()]).await.unwrap();
    does(&runtime, "a", "none").await.unwrap();
    let spinners = futures::future::join_all(["s1", "s2", "s3", "s4"].map(|uid| does(&runtime, uid, "spin")));
    let probes = async {
        let began = Instant::now();
        let mut count = 0;
        while began.elapsed() < Duration::from_secs(2) {
            let context = PluginContext { timeout: Some(Duration::from_secs(1)), ..testdata() };
            let reply = runtime.client().query_data(context, request([good()])).await.unwrap();
            assert!(reply.rest.is_none());
            count += 1;
        }
        count
    };
    let (spun, probes) = tokio::join!(spinners, probes);
    assert!(spun.iter().all(Result::is_err));
    assert!(probes > 10, "{probes}");
}

/// One thread: its own.
#[tokio::test]
async fn a_guest_that_turns_to_computing_gives_its_callers_thread_back() {
    let limits = Limits { call_deadline: Duration::from_secs(1), ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    for _ in 0..100 {
        does(&runtime, "a", "none").await.unwrap();
    }
    let began = Instant::now();
    let turns = async {
        let mut turns = 0;
        while began.elapsed() < Duration::from_millis(500) {
            tokio::task::yield_now().await;
            turns += 1;
        }
        turns
    };
    let (spun, turns) = tokio::join!(does(&runtime, "a", "spin"), turns);
    assert!(matches!(spun, Err(PluginError::Timeout { .. })), "{spun:?}");
    assert!(turns > 100, "{turns}");
}
