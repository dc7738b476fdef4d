//! Channels that plugins feed: how runs begin, go on and end, whatever the guest does.

use crate::common::{ask, builds, eventually, hostile, metric, query, runtime, runtime_with, settings_of};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use wellhead_frame::Frame;
use wellhead_runtime::{
    DataSourceSettings, GuestError, Limits, PluginContext, PluginError, RunEnd, Runtime, SecretValues, StreamAccess,
    StreamRequest, StreamRun,
};

const TESTDATA: &str = "grafana-testdata-datasource";

fn channel(path: &str) -> StreamRequest {
    StreamRequest { path: path.into(), data: String::new() }
}

/// A data source of the hostile guest that does nothing bad by itself.
fn good() -> PluginContext {
    hostile("none")
}

async fn run(runtime: &Runtime, path: &str) -> StreamRun {
    runtime.client().run_stream(good(), channel(path)).await.unwrap()
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it comes within 20 s")
}

async fn frame(run: &mut StreamRun) -> Frame {
    soon(run.next()).await.unwrap()
}

/// Reads a run to its end: its frames, and how it ended.
async fn to_its_end(mut run: StreamRun) -> (Vec<Frame>, RunEnd) {
    let mut frames = Vec::new();
    loop {
        match soon(run.next()).await {
            Ok(frame) => frames.push(frame),
            Err(end) => return (frames, end),
        }
    }
}

fn guest_error(end: RunEnd) -> GuestError {
    match end {
        RunEnd::Failed(PluginError::Guest(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn crashes(runtime: &Runtime) -> f64 {
    metric(runtime, "wellhead_plugin_crashes_total").unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_come_in_order_share_their_schema_and_the_last_is_followed_by_the_end() {
    let runtime = runtime(&["hostile"]).await;
    let (frames, end) = to_its_end(run(&runtime, "end").await).await;
    assert!(matches!(end, RunEnd::Finished), "{end}");
    assert_eq!(frames.len(), 3);
    assert!(frames.windows(2).all(|pair| Arc::ptr_eq(pair[0].schema(), pair[1].schema())));
    assert!(frames.iter().all(|frame| frame.num_rows() == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_schema_comes_as_another_schema() {
    let runtime = runtime(&["hostile"]).await;
    let mut run = run(&runtime, "schema-change").await;
    let mut changes = 0;
    let mut last = frame(&mut run).await;
    for _ in 0..6 {
        let next = frame(&mut run).await;
        changes += usize::from(!Arc::ptr_eq(last.schema(), next.schema()));
        last = next;
    }
    assert!(changes >= 2, "{changes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_reads_any_more_is_cancelled_and_its_instance_stays() {
    let runtime = runtime_with(&["hostile"], Limits { streams: 1, ..Limits::default() }).await;
    let mut first = run(&runtime, "ticks:100").await;
    frame(&mut first).await;
    drop(first);
    // Its place is free as soon as its reader is gone, whenever the guest lets go.
    let mut second = run(&runtime, "ticks:100").await;
    frame(&mut second).await;
    assert_eq!(crashes(&runtime), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_ignores_its_cancel_loses_its_instance_after_the_grace() {
    let limits = Limits { cancel_grace: Duration::from_millis(200), ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    let mut run = run(&runtime, "ignore-cancel").await;
    frame(&mut run).await;
    drop(run);
    eventually("the instance is ended", || crashes(&runtime) > 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_guests_is_the_last_word_of_its_run_without_the_secrets_in_it() {
    let runtime = runtime(&["hostile"]).await;
    let mut source = DataSourceSettings::clone(&good().data_source);
    source.secrets = SecretValues::from_iter([("token", "hunter2-hunter2")]);
    let context = PluginContext::for_data_source(source);
    let run = runtime.client().run_stream(context, channel("fail")).await.unwrap();
    let (frames, end) = to_its_end(run).await;
    assert_eq!(frames.len(), 3, "what came before it is there");
    let error = guest_error(end);
    assert!(!error.message.contains("hunter2") && error.message.contains("[secret]"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_that_break_a_rule_end_their_run_with_its_name_and_no_other() {
    let runtime = runtime(&["hostile"]).await;
    let mut beside = run(&runtime, "ticks:100").await;
    frame(&mut beside).await;
    let broken = [
        "bad-frame",
        "empty-frame",
        "bad-batch",
        "garbage-batch",
        "wrong-schema-batch",
        "huge",
        "huge-batch",
        "empty-flood",
    ];
    for path in broken {
        let (_, end) = to_its_end(run(&runtime, path).await).await;
        let error = guest_error(end);
        assert!(error.message.contains(&format!("a frame of stream {path:?}")), "{path}: {error}");
        assert_eq!(error.status, 500, "{path}");
    }
    for _ in 0..3 {
        frame(&mut beside).await;
    }
    assert_eq!(crashes(&runtime), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_ends_every_run_of_the_instance_and_the_next_run_finds_a_new_one() {
    let runtime = runtime(&["hostile"]).await;
    let beside = run(&runtime, "ticks:50").await;
    let (frames, end) = to_its_end(run(&runtime, "trap").await).await;
    assert!(frames.len() <= 3);
    for end in [end, to_its_end(beside).await.1] {
        let RunEnd::Failed(PluginError::RequestFailure { reason, .. }) = end else { panic!("{end:?}") };
        assert!(reason.contains("crashed"), "{reason}");
    }
    frame(&mut run(&runtime, "ticks:50").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_does_not_begin_says_why() {
    let runtime = runtime(&["hostile"]).await;
    let begun = async |path: &str| runtime.client().run_stream(good(), channel(path)).await;
    let refused = begun("run-error").await.unwrap_err();
    assert!(matches!(&refused, PluginError::Guest(error) if error.status == 503), "{refused}");
    let trapped = begun("run-trap").await.unwrap_err();
    assert!(trapped.to_string().contains("asked to panic in run-stream"), "{trapped}");
    for (path, frames) in [("end-at-once", 0), ("fail-at-once", 0), ("fail-goes-on", 0)] {
        let (seen, end) = to_its_end(begun(path).await.unwrap()).await;
        assert_eq!((seen.len(), matches!(end, RunEnd::Finished)), (frames, path == "end-at-once"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_hoards_memory_ends_its_instance() {
    let runtime = runtime(&["hostile"]).await;
    let (_, end) = to_its_end(run(&runtime, "alloc").await).await;
    assert!(end.to_string().contains("memory"), "{end}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stream_too_many_is_refused_with_the_limit() {
    let runtime = runtime_with(&["hostile"], Limits { streams: 2, ..Limits::default() }).await;
    let _held = [run(&runtime, "quiet").await, run(&runtime, "quiet").await];
    let refused = runtime.client().run_stream(good(), channel("quiet")).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("streams of one data source") && said.contains("3 asked, 2 allowed"), "{said}");
    let other = PluginContext::for_data_source(settings_of("hostile", "other", json!({})));
    runtime.client().run_stream(other, channel("quiet")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn new_code_moves_a_run_and_does_not_wait_for_it() {
    let runtime = runtime_with(&[], Limits::default()).await;
    let builds = builds("testdata");
    runtime.load_bytes("p", &builds[0], None).await.unwrap();
    let context = || PluginContext::for_data_source(settings_of(TESTDATA, "a", json!({})));
    let start = async || runtime.client().run_stream(context(), channel("random-20Hz-stream")).await.unwrap();
    let mut before = start().await;
    frame(&mut before).await;
    runtime.load_bytes("p", &builds[1], None).await.unwrap();
    let (_, end) = to_its_end(before).await;
    assert!(matches!(end, RunEnd::Moved), "{end}");
    frame(&mut start().await).await;
    let status = || runtime.plugin_status(TESTDATA).unwrap();
    assert_eq!(status().current.unwrap().id.number, 2);
    eventually("the old instance is gone", || status().previous.unwrap().instances == 0).await;
    assert_eq!(crashes(&runtime), 0.0, "it ended by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_settings_move_a_run() {
    let runtime = runtime(&["hostile"]).await;
    let mut before = run(&runtime, "ticks:50").await;
    frame(&mut before).await;
    let mut newer = DataSourceSettings::clone(&good().data_source);
    newer.version = 2;
    let mut after =
        runtime.client().run_stream(PluginContext::for_data_source(newer), channel("ticks:50")).await.unwrap();
    let (_, end) = to_its_end(before).await;
    assert!(matches!(end, RunEnd::Moved), "{end}");
    frame(&mut after).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_stopped_ends_its_runs() {
    let runtime = runtime(&["hostile"]).await;
    let mut running = run(&runtime, "ticks:50").await;
    frame(&mut running).await;
    soon(runtime.shutdown(Duration::from_secs(10))).await;
    let (_, end) = to_its_end(running).await;
    assert!(matches!(end, RunEnd::Moved), "{end}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_keep_up_holds_the_guest_back_and_loses_nothing() {
    let runtime = runtime(&["hostile"]).await;
    let mut run = run(&runtime, "flood").await;
    let number = |frame: &Frame| frame.field(0).and_then(|field| field.values().next());
    let first = frame(&mut run).await;
    let cpu = || metric(&runtime, "wellhead_plugin_guest_cpu_seconds_total").unwrap_or_default();
    // Nobody reads: the guest comes to rest.
    let mut before = cpu();
    soon(async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = cpu();
            if now == before {
                return;
            }
            before = now;
        }
    })
    .await;
    let mut seen = vec![number(&first)];
    for _ in 0..50 {
        seen.push(number(&frame(&mut run).await));
    }
    let expected: Vec<_> = (0..51).map(|n| Some(wellhead_frame::Value::Int64(n))).collect();
    assert_eq!(format!("{seen:?}"), format!("{expected:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_computes_and_sends_nothing_ends_its_instance() {
    let limits = Limits { guest_cpu: Duration::from_millis(200), ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    let (_, end) = to_its_end(run(&runtime, "spin").await).await;
    let said = end.to_string();
    assert!(said.contains("guest CPU of streams that send nothing"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_sends_may_use_more_than_one_call_may() {
    let limits = Limits { guest_cpu: Duration::from_millis(100), ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    let mut run = run(&runtime, "flood").await;
    let cpu = || metric(&runtime, "wellhead_plugin_guest_cpu_seconds_total").unwrap_or_default();
    soon(async {
        while cpu() < 0.5 {
            run.next().await.unwrap();
        }
    })
    .await;
    assert_eq!(crashes(&runtime), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_wait_do_not_hide_a_call_that_computes() {
    let limits = Limits { guest_cpu: Duration::from_millis(300), ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(run(&runtime, "quiet").await);
    }
    let spins = PluginContext { data_source: good().data_source, ..good() };
    let failed = ask(&runtime, spins, [query("A", json!({ "misdeed": "spin" }))]).await.unwrap_err();
    assert!(failed.to_string().contains("guest CPU of one call"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_with_a_stream_is_not_idle() {
    let runtime =
        runtime_with(&["hostile"], Limits { idle_after: Duration::from_millis(10), ..Limits::default() }).await;
    let mut run = run(&runtime, "ticks:20").await;
    // The host looks for idle instances every second.
    let until = tokio::time::Instant::now() + Duration::from_millis(2_500);
    while tokio::time::Instant::now() < until {
        frame(&mut run).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_subscribes_hears_what_the_guest_says_of_it() {
    let runtime = runtime(&["hostile"]).await;
    let asked = async |path: &str| runtime.client().subscribe_stream(good(), channel(path)).await;
    assert_eq!(asked("ticks:1").await.unwrap().access, StreamAccess::Ok);
    assert_eq!(asked("forbidden").await.unwrap().access, StreamAccess::PermissionDenied);
    assert_eq!(asked("missing").await.unwrap().access, StreamAccess::NotFound);
    assert_eq!(asked("initial").await.unwrap().initial.unwrap().num_rows(), 1);
    assert!(matches!(asked("subscribe-error").await.unwrap_err(), PluginError::Guest(_)));
    assert!(matches!(asked("subscribe-trap").await.unwrap_err(), PluginError::RequestFailure { .. }));
    assert_eq!(asked("ticks:1").await.unwrap().access, StreamAccess::Ok, "a new instance answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_publishes_hears_what_the_guest_says_of_it() {
    let runtime = runtime(&["hostile"]).await;
    let publish_in = async |context: PluginContext, path: &str| {
        let request = StreamRequest { path: path.into(), data: r#"{"a":1}"#.into() };
        runtime.client().publish_stream(context, request).await
    };
    let publish = async |path: &str| publish_in(good(), path).await;
    let plain = publish("publish-ok").await.unwrap();
    assert_eq!((plain.access, plain.data), (StreamAccess::Ok, None));
    let other = publish("publish-data").await.unwrap().data.unwrap();
    serde_json::from_str::<serde_json::Value>(&other).unwrap();
    assert_eq!(publish("publish-forbidden").await.unwrap().access, StreamAccess::PermissionDenied);
    assert!(matches!(publish("publish-error").await.unwrap_err(), PluginError::Guest(_)));
    let with_secret = |secret: &str| {
        let mut source = DataSourceSettings::clone(&good().data_source);
        source.secrets = SecretValues::from_iter([("token", secret)]);
        PluginContext::for_data_source(source)
    };
    let blanked = publish_in(with_secret("something else"), "publish-data").await.unwrap().data;
    assert_eq!(blanked.as_deref(), Some(r#"{"said":"[secret]"}"#));
    // What is JSON before its secrets are blanked may be none after.
    let bad = [publish("publish-bad-json").await, publish_in(with_secret("\"something"), "publish-data").await];
    for bad in bad.map(|answer| answer.unwrap_err().to_string()) {
        assert!(bad.contains("is not JSON"), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_does_not_wait_for_an_answer_costs_the_others_nothing() {
    let limits = Limits { cancel_grace: Duration::from_millis(100), ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    let mut beside = run(&runtime, "ticks:50").await;
    frame(&mut beside).await;
    let client = runtime.client().clone();
    let asked = tokio::spawn(async move { client.subscribe_stream(good(), channel("subscribe-late")).await });
    frame(&mut beside).await;
    asked.abort();
    // There is no cancel token to tell the guest by, so the grace does not count.
    for _ in 0..20 {
        frame(&mut beside).await;
    }
    assert_eq!(crashes(&runtime), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_never_answered_ends_its_instance_after_the_deadline() {
    let millis = Duration::from_millis;
    let limits = Limits { call_deadline: millis(200), cancel_grace: millis(100), ..Limits::default() };
    let runtime = runtime_with(&["hostile"], limits).await;
    for path in ["subscribe-late", "late"] {
        let before = crashes(&runtime);
        let failed = match path {
            "late" => runtime.client().run_stream(good(), channel(path)).await.map(drop).unwrap_err(),
            _ => runtime.client().subscribe_stream(good(), channel(path)).await.map(drop).unwrap_err(),
        };
        assert!(matches!(failed, PluginError::Timeout { .. }), "{path}: {failed}");
        if path == "subscribe-late" {
            eventually("the instance is ended", || crashes(&runtime) > before).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_without_streams_says_so() {
    let runtime = runtime(&["prometheus"]).await;
    let context = || PluginContext::for_data_source(settings_of("prometheus", "a", json!({})));
    for failed in [
        runtime.client().subscribe_stream(context(), channel("x")).await.map(drop).unwrap_err(),
        runtime.client().run_stream(context(), channel("x")).await.map(drop).unwrap_err(),
        runtime.client().publish_stream(context(), channel("x")).await.map(drop).unwrap_err(),
    ] {
        assert!(matches!(failed, PluginError::MethodNotImplemented { .. }), "{failed}");
    }
}
