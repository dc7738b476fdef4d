//! A guest's CPU profile: what Firefox Profiler is given, and that there is none where nobody asked.

use crate::common::{ask, query, runtime_from, testdata};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wellhead_runtime::{GuestProfile, Runtime};

/// Long enough for a machine with busy cores to compute for some milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every text in `value`.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(items) => items.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_names_the_functions_that_computed() {
    let profile = GuestProfile::default();
    let runtime = runtime_from(Runtime::builder().guest_profile(profile.clone()), &["testdata"]).await;
    let began = Instant::now();
    while profile.samples() < 20 {
        let rows = query("A", json!({ "scenarioId": "rows", "rows": 200_000, "seriesCount": 4 }));
        let answers = ask(&runtime, testdata(), [rows]).await.unwrap();
        assert!(answers[0].error.is_none(), "{:?}", answers[0].error);
        assert!(began.elapsed() < PATIENCE, "only {} samples", profile.samples());
    }
    let json = profile.finish().unwrap();
    let samples = profile.samples();
    let profile: Value = serde_json::from_slice(&json).unwrap();

    // The parts that the format's readers cannot do without.
    assert_eq!(profile["meta"]["product"], "grafana-testdata-datasource");
    assert!(profile["meta"]["preprocessedProfileVersion"].as_u64().unwrap() > 40);
    assert_eq!(profile["meta"]["interval"].as_f64(), Some(1.0));
    let thread = &profile["threads"][0];
    assert_eq!(thread["samples"]["length"].as_u64().unwrap(), samples);
    assert_eq!(thread["samples"]["stack"].as_array().unwrap().len() as u64, samples);
    let mut found = Vec::new();
    texts(&profile, &mut found);
    let named = |part: &str| found.iter().any(|text| text.contains(part));
    assert!(named("testdata::scenarios::"), "{found:?}");
    assert!(named("wellhead_frame") || named("wellhead_sdk"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_ends_once_and_is_empty_where_no_guest_started() {
    let profile = GuestProfile::default();
    let runtime = runtime_from(Runtime::builder().guest_profile(profile.clone()), &["testdata"]).await;
    assert_eq!(profile.finish(), None, "nobody was asked, so no guest started");
    // The guest that starts now is in no profile, and works as others do.
    let answers = ask(&runtime, testdata(), [query("A", json!({ "scenarioId": "random_walk" }))]).await.unwrap();
    assert!(answers[0].error.is_none());
    assert_eq!((profile.samples(), profile.finish()), (0, None));
}
