//! Code that changes under a plugin: who goes on with what, and what an operator can do about it.

use crate::common::{ask, builds, eventually, hostile_as, query, runtime_with, settings_of};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;
use wellhead_runtime::{
    Limits, LoadError, PluginChange, PluginContext, PluginError, PluginEvents, PluginState, PluginStatus, Runtime,
};

const TESTDATA: &str = "grafana-testdata-datasource";

/// A runtime with one plugin that was loaded from memory, and other builds of it.
async fn loaded() -> (Runtime, [Vec<u8>; 3]) {
    let runtime = runtime_with(&[], Limits::default()).await;
    let builds = builds("testdata");
    runtime.load_bytes("p", &builds[0], None).await.unwrap();
    (runtime, builds)
}

fn context(uid: &str) -> PluginContext {
    PluginContext::for_data_source(settings_of(TESTDATA, uid, json!({})))
}

async fn answers(runtime: &Runtime, uid: &str) -> Result<(), PluginError> {
    ask(runtime, context(uid), [query("A", json!({ "scenarioId": "random_walk" }))]).await.map(drop)
}

fn status(runtime: &Runtime) -> PluginStatus {
    runtime.plugin_status(TESTDATA).unwrap()
}

fn serves(runtime: &Runtime) -> u64 {
    status(runtime).current.unwrap().id.number
}

/// Reads events until one is `wanted`.
async fn event<T>(events: &mut PluginEvents, mut wanted: impl FnMut(&PluginChange) -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = wanted(&events.next().await.unwrap().change) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), found).await.expect("the event comes")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_source_in_use_swaps_to_new_code_while_its_calls_in_flight_finish_on_the_old() {
    let (runtime, builds) = loaded().await;
    answers(&runtime, "a").await.unwrap();
    let mut events = runtime.events();
    let slow = query("A", json!({ "scenarioId": "slow_query", "stringInput": "600ms" }));
    let (slow, ()) = tokio::join!(ask(&runtime, context("a"), [slow]), async {
        eventually("the slow call is in flight", || status(&runtime).current.unwrap().instances == 1).await;
        runtime.load_bytes("p", &builds[1], None).await.unwrap();
        assert_eq!(serves(&runtime), 2, "new code serves as soon as loading is done");
        let before = status(&runtime).previous.unwrap();
        assert_eq!((before.id.number, before.state), (1, PluginState::Draining));
        answers(&runtime, "a").await.unwrap();
    });
    slow.unwrap();
    let drain = event(&mut events, |change| match change {
        PluginChange::Reloaded { from, to, drain, .. } if from.number == 1 && to.number == 2 => Some(*drain),
        _ => None,
    });
    assert!(drain.await > Duration::ZERO);
    let before = status(&runtime).previous.unwrap();
    assert_eq!((before.instances, before.state), (0, PluginState::Retired));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_source_that_was_not_in_use_meets_the_new_code_at_its_next_call() {
    let (runtime, builds) = loaded().await;
    runtime.load_bytes("p", &builds[1], None).await.unwrap();
    assert_eq!(status(&runtime).state, PluginState::Ready);
    let mut events = runtime.events();
    answers(&runtime, "b").await.unwrap();
    let to = event(&mut events, |change| match change {
        PluginChange::Swapped { uid, from: None, to, .. } if uid == "b" => Some(to.number),
        _ => None,
    });
    assert_eq!(to.await, 2);
    assert_eq!(status(&runtime).state, PluginState::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_change_nothing() {
    let (runtime, builds) = loaded().await;
    runtime.load_bytes("p", &builds[0], None).await.unwrap();
    assert_eq!(serves(&runtime), 1);
    assert!(status(&runtime).previous.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_traps_in_configure_is_rejected_and_the_old_serves_on() {
    let (runtime, [_, second, third]) = loaded().await;
    let traps =
        |uid| PluginContext::for_data_source(settings_of(TESTDATA, uid, json!({ "misdeed": "panic-in-configure" })));
    let good = || query("A", json!({ "scenarioId": "random_walk" }));
    ask(&runtime, traps("a"), [good()]).await.unwrap();
    answers(&runtime, "b").await.unwrap();
    let mut events = runtime.events();
    let (bad, manifest) = hostile_as(TESTDATA);
    let refused = runtime.load_bytes("p", &bad, Some(&manifest)).await.unwrap_err();
    let LoadError::Rejected { reason, .. } = &refused else { panic!("{refused:?}") };
    assert!(reason.contains("asked to panic in configure"), "{reason}");
    let told = event(&mut events, |change| match change {
        PluginChange::Rejected { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert!(told.await.contains("asked to panic in configure"));
    assert_eq!(serves(&runtime), 1);
    assert!(status(&runtime).last_rejection.unwrap().reason.contains("asked to panic"));
    for context in [traps("a"), context("b"), context("c")] {
        ask(&runtime, context, [good()]).await.unwrap();
    }
    // Rejected code is not tried again, and better code is.
    runtime.load_bytes("p", &bad, Some(&manifest)).await.unwrap_err();
    runtime.load_bytes("p", &second, None).await.unwrap();
    ask(&runtime, traps("a"), [good()]).await.unwrap();
    assert_eq!(serves(&runtime), 3);
    runtime.load_bytes("p", &third, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_was_rejected_is_not_tried_again_for_calls_that_came_meanwhile() {
    let limits = Limits { configure_deadline: Duration::from_secs(1), ..Limits::default() };
    let runtime = runtime_with(&[], limits).await;
    let [first, second, _] = builds("testdata");
    runtime.load_bytes("p", &first, None).await.unwrap();
    let context =
        || PluginContext::for_data_source(settings_of(TESTDATA, "a", json!({ "misdeed": "sleep-in-configure" })));
    let good = || query("A", json!({ "scenarioId": "random_walk" }));
    ask(&runtime, context(), [good()]).await.unwrap();
    let (bad, manifest) = hostile_as(TESTDATA);
    let rejected = std::sync::atomic::AtomicBool::new(false);
    let calls = async {
        while !rejected.load(std::sync::atomic::Ordering::Relaxed) {
            ask(&runtime, context(), [good()]).await.unwrap();
        }
    };
    let change = async {
        runtime.load_bytes("p", &bad, Some(&manifest)).await.unwrap_err();
        rejected.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    tokio::join!(calls, change);
    // Each of those calls would try for a second, and what comes next waits for its turn.
    tokio::time::timeout(Duration::from_secs(20), runtime.load_bytes("p", &second, None)).await.unwrap().unwrap();
    ask(&runtime, context(), [good()]).await.unwrap();
    assert_eq!(serves(&runtime), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_on_probation_that_traps_at_its_first_call_is_rejected_and_the_call_is_answered_by_the_old() {
    let (runtime, _) = loaded().await;
    let (bad, manifest) = hostile_as(TESTDATA);
    runtime.load_bytes("p", &bad, Some(&manifest)).await.unwrap();
    assert_eq!(serves(&runtime), 2, "nobody was there to try it");
    let context =
        PluginContext::for_data_source(settings_of(TESTDATA, "a", json!({ "misdeed": "panic-in-configure" })));
    ask(&runtime, context, [query("A", json!({ "scenarioId": "random_walk" }))]).await.unwrap();
    assert_eq!(serves(&runtime), 1);
    let record = runtime.plugins().get(TESTDATA).unwrap();
    assert_eq!(record.hash.as_deref(), Some(&*status(&runtime).current.unwrap().id.hash));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_source_whose_settings_only_the_new_code_refuses_stays_where_it_is_and_others_swap() {
    let (runtime, _) = loaded().await;
    let refuses =
        || PluginContext::for_data_source(settings_of(TESTDATA, "a", json!({ "misdeed": "refuse-settings" })));
    let good = || query("A", json!({ "scenarioId": "random_walk" }));
    ask(&runtime, refuses(), [good()]).await.unwrap();
    answers(&runtime, "b").await.unwrap();
    let mut events = runtime.events();
    let (picky, manifest) = hostile_as(TESTDATA);
    runtime.load_bytes("p", &picky, Some(&manifest)).await.unwrap();
    let reason = event(&mut events, |change| match change {
        PluginChange::HeldBack { uid, reason, .. } if uid == "a" => Some(reason.clone()),
        _ => None,
    });
    assert!(reason.await.contains("must be a color"));
    // The old code knows random walks, the new code answers with no frames.
    assert_eq!(ask(&runtime, refuses(), [good()]).await.unwrap()[0].frames.len(), 1);
    assert_eq!(ask(&runtime, context("b"), [good()]).await.unwrap()[0].frames.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_was_rolled_back_from_does_not_come_back_by_itself() {
    let (runtime, builds) = loaded().await;
    for build in [&builds[1], &builds[2]] {
        let before = status(&runtime).current.unwrap().id.hash;
        runtime.load_bytes("p", build, None).await.unwrap();
        runtime.roll_back(TESTDATA).await.unwrap();
        // As a watcher does that looks at the file once more.
        runtime.load_bytes("p", build, None).await.unwrap();
        assert_eq!(status(&runtime).current.unwrap().id.hash, before);
    }
    runtime.decommission(TESTDATA).await.unwrap();
    runtime.load_bytes("p", &builds[2], None).await.unwrap();
    assert_eq!(serves(&runtime), 4, "whoever begins anew goes back from nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn code_is_known_by_what_sha256sum_prints_of_its_file_and_with_a_manifest_beside_it_by_more() {
    let (runtime, builds) = loaded().await;
    assert_eq!(*status(&runtime).current.unwrap().id.hash, sha256(&builds[0]));
    let (code, manifest) = hostile_as(TESTDATA);
    runtime.load_bytes("p", &code, Some(&manifest)).await.unwrap();
    let with_a_manifest = status(&runtime).current.unwrap().id.hash;
    assert!(with_a_manifest.len() == 64 && *with_a_manifest != sha256(&code), "{with_a_manifest}");
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rolling_back_and_pinning_keep_the_old_code_until_unpinned() {
    let (runtime, builds) = loaded().await;
    let first = status(&runtime).current.unwrap().id.hash;
    assert!(matches!(runtime.roll_back(TESTDATA).await, Err(PluginError::Unavailable { .. })), "nothing before it");
    answers(&runtime, "a").await.unwrap();
    runtime.load_bytes("p", &builds[1], None).await.unwrap();
    let rolled_back = runtime.roll_back(TESTDATA).await.unwrap();
    assert_eq!(rolled_back.current.unwrap().id.hash, first);
    answers(&runtime, "a").await.unwrap();
    runtime.pin(TESTDATA, &first[..8]).await.unwrap();
    let unknown = runtime.pin(TESTDATA, "0000").await.unwrap_err();
    assert!(unknown.to_string().contains("there is"), "{unknown}");
    runtime.load_bytes("p", &builds[2], None).await.unwrap();
    let pinned = status(&runtime);
    assert_eq!(pinned.current.unwrap().id.hash, first);
    assert!(pinned.waiting.is_some() && pinned.pinned == Some(first));
    runtime.unpin(TESTDATA).await.unwrap();
    runtime.load_bytes("p", &builds[2], None).await.unwrap();
    assert_eq!(serves(&runtime), 3);
    answers(&runtime, "a").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_plugin_refuses_calls_until_it_is_enabled_and_a_decommissioned_one_until_it_is_loaded() {
    let (runtime, builds) = loaded().await;
    answers(&runtime, "a").await.unwrap();
    assert_eq!(runtime.disable(TESTDATA).unwrap().state, PluginState::Disabled);
    let refused = answers(&runtime, "a").await.unwrap_err();
    assert!(matches!(&refused, PluginError::Unavailable { reason, .. } if reason.contains("disabled")), "{refused}");
    runtime.enable(TESTDATA).await.unwrap();
    answers(&runtime, "a").await.unwrap();

    runtime.decommission(TESTDATA).await.unwrap();
    let refused = answers(&runtime, "a").await.unwrap_err();
    assert!(matches!(refused, PluginError::Unavailable { .. }), "{refused}");
    eventually("its instances are gone", || status(&runtime).state == PluginState::Retired).await;
    runtime.load_bytes("p", &builds[0], None).await.unwrap();
    answers(&runtime, "a").await.unwrap();

    runtime.remove(TESTDATA).await.unwrap();
    assert!(matches!(answers(&runtime, "a").await, Err(PluginError::NotRegistered { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_reloading_off_new_code_waits_until_it_is_on() {
    let runtime = runtime_with(&[], Limits::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let (file, builds) = (folder.path().join("testdata.wasm"), builds("testdata"));
    std::fs::write(&file, &builds[0]).unwrap();
    runtime.load_file(&file).await.unwrap();
    runtime.auto_reload(TESTDATA, false).await.unwrap();
    std::fs::write(&file, &builds[1]).unwrap();
    runtime.load_file(&file).await.unwrap();
    assert_eq!(serves(&runtime), 1);
    assert!(status(&runtime).waiting.is_some());
    runtime.auto_reload(TESTDATA, true).await.unwrap();
    assert_eq!(serves(&runtime), 2);
    std::fs::write(&file, &builds[2]).unwrap();
    runtime.reload(TESTDATA).await.unwrap().unwrap();
    assert_eq!(serves(&runtime), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_a_row_never_fail_and_never_go_back_while_the_code_changes() {
    let (runtime, builds) = loaded().await;
    answers(&runtime, "a").await.unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let calls = async {
        let mut count = 0;
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            answers(&runtime, "a").await.unwrap();
            count += 1;
        }
        count
    };
    let changes = async {
        for turn in 0..30 {
            runtime.load_bytes("p", &builds[(turn + 1) % 3], None).await.unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (count, ()) = tokio::join!(calls, changes);
    assert!(count > 0);
    assert_eq!(serves(&runtime), 31);
    eventually("only the last generation has an instance", || {
        status(&runtime).previous.unwrap().instances == 0 && status(&runtime).current.unwrap().instances == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_source_of_the_same_id_is_refused_and_a_hostile_one_cannot_take_an_alias() {
    let (runtime, builds) = loaded().await;
    let refused = runtime.load_bytes("q", &builds[1], None).await.unwrap_err();
    assert!(matches!(refused, LoadError::Registry { .. }), "{refused}");
    let (bad, _) = hostile_as("other-datasource");
    let manifest = json!({
        "id": "other-datasource", "name": "Other", "type": "datasource", "aliasIDs": ["testdata"],
        "wellhead": { "contract": "0.1.0" }
    });
    let refused = runtime.load_bytes("r", &bad, Some(manifest.to_string().as_bytes())).await.unwrap_err();
    assert!(refused.to_string().contains("already the id or an alias"), "{refused}");
}
