//! Calls of a well-behaved plugin: answers, concurrency, streams, cancellation, life.

use crate::common::{ask, eventually, metric, query, request, runtime, runtime_with, source, testdata};
use futures::StreamExt;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wellhead_runtime::{
    CallResourceRequest, HealthStatus, Limits, Piece, PluginContext, PluginError, ResourceBody, Runtime,
};

#[tokio::test(flavor = "multi_thread")]
async fn every_query_is_answered_once_with_its_ref_id_in_every_frame() {
    let runtime = runtime(&["testdata"]).await;
    let queries = ["A", "B", "C"].map(|id| query(id, json!({ "scenarioId": "random_walk", "seed": 1 })));
    let answers = ask(&runtime, testdata(), queries).await.unwrap();
    assert_eq!(answers.iter().map(|answer| answer.ref_id.as_str()).collect::<Vec<_>>(), ["A", "B", "C"]);
    for answer in &answers {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.frames[0].ref_id(), answer.ref_id);
        assert!(answer.frames[0].num_rows() > 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_querys_failure_is_its_own() {
    let runtime = runtime(&["testdata"]).await;
    let good = query("A", json!({ "scenarioId": "random_walk" }));
    let bad = query("B", json!({ "scenarioId": "no-such-scenario" }));
    let answers = ask(&runtime, testdata(), [good, bad]).await.unwrap();
    assert!(answers[0].error.is_none());
    let error = answers[1].error.as_ref().unwrap();
    assert_eq!(answers[1].status, 400);
    assert!(error.message.contains("no-such-scenario"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_queries_that_wait_run_side_by_side_on_one_instance() {
    let runtime = Arc::new(runtime(&["hostile"]).await);
    let context = crate::common::hostile("sleep-50");
    ask(&runtime, context.clone(), [query("A", json!({}))]).await.unwrap();
    let most = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let calls = (0..100).map(|_| {
        let (runtime, context, most) = (runtime.clone(), context.clone(), most.clone());
        tokio::spawn(async move {
            let answer = ask(&runtime, context, [query("A", json!({}))]).await.unwrap();
            most.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            answer[0].status
        })
    });
    for status in futures::future::join_all(calls).await {
        assert_eq!(status.unwrap(), 200);
    }
    assert_eq!(metric(&runtime, r#"wellhead_plugin_instances{plugin="wellhead-hostile-datasource"}"#), Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_result_comes_in_pieces_and_whole_when_collected() {
    let runtime = runtime(&["testdata"]).await;
    let model = json!({ "scenarioId": "rows", "rows": 300_000, "series": 1 });
    let reply = runtime.client().query_data(testdata(), request([query("A", model.clone())])).await.unwrap();
    assert!(reply.ready.is_empty());
    let mut pieces = reply.rest.expect("a result of megabytes is streamed");
    let (mut batches, mut rows, mut done) = (0, 0, false);
    while let Some(piece) = pieces.next().await {
        match piece.unwrap() {
            Piece::Begin { ref_id, schema, .. } => {
                assert_eq!(ref_id, "A");
                assert_eq!(schema.metadata().get("refId").map(String::as_str), Some("A"));
            }
            Piece::Batch { batch, .. } => {
                batches += 1;
                rows += batch.num_rows();
            }
            Piece::Done(answer) => {
                assert!(answer.error.is_none());
                done = true;
            }
        }
    }
    assert!(done && batches > 1);
    assert_eq!(rows, 300_000);
    let whole = ask(&runtime, testdata(), [query("A", model)]).await.unwrap();
    assert_eq!(whole[0].frames.iter().map(|frame| frame.num_rows()).sum::<usize>(), 300_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_cancels_the_guests_work() {
    let runtime = runtime(&["testdata"]).await;
    let slow = query("A", json!({ "scenarioId": "slow_query", "stringInput": "60s" }));
    let call = runtime.client().query_data(testdata(), request([slow]));
    assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
    // The instance lives on (a guest that ignored the cancel would lose it), and drains at once: nothing is in flight.
    ask(&runtime, testdata(), [query("A", json!({ "scenarioId": "random_walk" }))]).await.unwrap();
    let stopping = Instant::now();
    runtime.shutdown(Duration::from_secs(20)).await;
    assert!(stopping.elapsed() < Duration::from_secs(15), "the slow query still held the drain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_past_its_deadline_is_a_timeout_and_the_instance_goes_on() {
    let limits = Limits { call_deadline: Duration::from_millis(400), ..Limits::default() };
    let runtime = runtime_with(&["testdata"], limits).await;
    // The first call compiles and configures, which counts too.
    while ask(&runtime, testdata(), [query("A", json!({ "scenarioId": "random_walk" }))]).await.is_err() {}
    let slow = query("A", json!({ "scenarioId": "slow_query", "stringInput": "60s" }));
    let error = ask(&runtime, testdata(), [slow]).await.unwrap_err();
    assert!(matches!(&error, PluginError::Timeout { after, .. } if *after == Duration::from_millis(400)), "{error}");
    ask(&runtime, testdata(), [query("A", json!({ "scenarioId": "random_walk" }))]).await.unwrap();
    assert_eq!(metric(&runtime, "wellhead_plugin_crashes_total{"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_resources_are_answered() {
    let runtime = runtime(&["testdata"]).await;
    let health = runtime.client().check_health(testdata()).await.unwrap();
    assert_eq!(health.status, HealthStatus::Ok);
    let response = runtime.client().call_resource(testdata(), resource("scenarios")).await.unwrap();
    assert_eq!(response.status, StatusCode::OK);
    let body = response.body.collect(1 << 20).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("random_walk"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_body_streams_through_the_guest_both_ways() {
    let runtime = runtime(&["testdata"]).await;
    let chunks = (0..64_u8).map(|byte| Ok(vec![byte; 16 << 10].into()));
    let body = ResourceBody::stream(futures::stream::iter(chunks));
    let request = CallResourceRequest { method: Method::POST, body, ..resource("echo") };
    let response = runtime.client().call_resource(testdata(), request).await.unwrap();
    let body = response.body.collect(16 << 20).await.unwrap();
    assert_eq!(body.len(), 1 << 20);
    assert!(body.chunks(16 << 10).zip(0_u8..).all(|(chunk, byte)| chunk.iter().all(|b| *b == byte)));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_data_source_has_an_instance_of_its_own_and_a_new_version_gets_a_new_one() {
    let runtime = runtime(&["testdata"]).await;
    let ask_version = async |uid: &str, version: u32| {
        let mut source = source("testdata", uid, json!({}));
        source.version = version;
        let context = PluginContext::for_data_source(source);
        ask(&runtime, context, [query("A", json!({ "scenarioId": "random_walk" }))]).await.unwrap();
    };
    let instances = |runtime: &Runtime| metric(runtime, "wellhead_plugin_instances{");
    ask_version("one", 1).await;
    ask_version("one", 1).await;
    assert_eq!(instances(&runtime), Some(1.0));
    ask_version("two", 1).await;
    assert_eq!(instances(&runtime), Some(2.0));
    ask_version("one", 2).await;
    eventually("the old version's instance ends", || instances(&runtime) == Some(2.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_removal_the_plugin_is_not_registered_and_others_go_on() {
    let runtime = runtime(&["testdata", "hostile"]).await;
    runtime.remove("grafana-testdata-datasource").await.unwrap();
    let error = ask(&runtime, testdata(), [query("A", json!({}))]).await.unwrap_err();
    assert!(matches!(error, PluginError::NotRegistered { plugin_id } if plugin_id == "testdata"));
    ask(&runtime, crate::common::hostile(""), [query("A", json!({}))]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_data_source_adds_less_than_a_mebibyte() {
    let runtime = runtime(&["testdata"]).await;
    let open = async |number: usize| {
        let context = PluginContext::for_data_source(source("testdata", &format!("idle-{number}"), json!({})));
        ask(&runtime, context, [query("A", json!({ "scenarioId": "random_walk" }))]).await.unwrap();
    };
    for number in 0..20 {
        open(number).await;
    }
    let before = resident_bytes();
    for number in 20..220 {
        open(number).await;
    }
    let each = resident_bytes().saturating_sub(before) / 200;
    println!("one idle data source: {} KiB resident", each >> 10);
    assert!(each < 1 << 20, "{each} bytes");
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn resource(path: &str) -> CallResourceRequest {
    CallResourceRequest {
        method: Method::GET,
        path: path.into(),
        query: String::new(),
        headers: HeaderMap::new(),
        body: ResourceBody::empty(),
    }
}
