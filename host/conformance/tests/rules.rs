//! The suite against a plugin that breaks one rule at a time, and against the plugins of this repository, which break
//! none.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use wellhead::DataSource;
use wellhead_conformance::{RULES, Report, Suite, TestResult, Verdict};
use wellhead_test_support::{guest, plugins};

/// Compiled once for all tests, and for the next run.
fn suite(file: impl Into<PathBuf>) -> Suite {
    Suite::new(file).compile_cache(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"))
}

fn failed(report: &Report) -> Vec<&str> {
    let failed = report.results.iter().filter(|result| matches!(result.verdict, Verdict::Failed(_)));
    failed.map(|result| result.name.as_str()).collect()
}

fn why(results: &[TestResult]) -> String {
    results.iter().map(|result| format!("{result}\n")).collect()
}

fn misbehaving(misdeed: &str) -> DataSource {
    DataSource::new("n", "Nonconforming", "wellhead-nonconforming-datasource")
        .with_url("http://127.0.0.1:9/value")
        .with_json_data("misdeed", misdeed)
}

/// Runs all rules against the guest with this misdeed, and sees that one of them says so.
async fn breaks_only(rule: &str, misdeed: &str, says: &str) -> Report {
    let suite = suite(guest("nonconforming")).data_source(misbehaving(misdeed));
    let report = suite.run(|_| ()).await.unwrap();
    let results = why(&report.results);
    assert_eq!(failed(&report), [rule], "{misdeed}\n{results}");
    let words = report.results.iter().find(|result| result.name == rule).unwrap().to_string();
    assert!(words.contains(says), "{words}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_keeps_every_rule_passes_them_all_and_none_is_left_out() {
    let report = suite(guest("nonconforming")).run(|_| ()).await.unwrap();
    let (passed, failed, skipped) = report.counts();
    assert_eq!((failed, skipped), (0, 0), "{}", why(&report.results));
    assert_eq!(passed, RULES.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_dials_at_its_start_breaks_configure() {
    let report = breaks_only("configure", "dials-at-start", "`configure` contacts nobody").await;
    let why = Verdict::Skipped("it does not start: see the rule configure".to_owned());
    let skipped = report.results.iter().filter(|result| result.verdict == why).map(|result| result.name.as_str());
    let others = RULES.iter().map(|rule| rule.name).filter(|name| !["manifest", "configure"].contains(name));
    assert_eq!(skipped.collect::<Vec<_>>(), others.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_traps_on_settings_breaks_settings_errors() {
    breaks_only("settings-errors", "traps-on-settings", "a key of jsonData that nobody knows").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_refuses_settings_in_silence_breaks_settings_errors() {
    breaks_only("settings-errors", "refuses-in-silence", "nobody knows it refuses the settings without a word").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_a_query_in_silence_breaks_bad_queries() {
    breaks_only("bad-queries", "fails-in-silence", "a key that nobody knows it fails without a word").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_traps_on_a_query_breaks_bad_queries() {
    breaks_only("bad-queries", "traps-on-queries", "a key that nobody knows").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_answers_twice_or_not_at_all_breaks_ref_ids() {
    breaks_only("ref-ids", "answers-twice", "4 answers were to refIds that were not asked").await;
    breaks_only("ref-ids", "leaves-out", "the query \"B\" is not answered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_sends_garbage_breaks_frames() {
    breaks_only("frames", "sends-garbage", "frame 0 of query \"A\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_always_well_breaks_health() {
    breaks_only("health", "says-it-is-well", "it says that it is well").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_ignores_its_cancel_token_breaks_cancellation() {
    breaks_only("cancellation", "ignores-cancel", "more than 100ms").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_sleeps_on_its_thread_breaks_no_blocking() {
    breaks_only("no-blocking", "blocks", "did not return to its event loop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_entered_twice_breaks_concurrency() {
    breaks_only("concurrency", "is-entered-once", "while 16 queries waited for the upstream, its instance crashed")
        .await;
    breaks_only("concurrency", "traps-in-company", "while it answered 16 queries at once, its instance crashed").await;
    breaks_only("concurrency", "fails-in-company", "a query that was answered alone failed in ").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_leaks_breaks_memory() {
    breaks_only("memory", "leaks", "bytes a query").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_without_sense_breaks_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("n.wasm");
    fs::copy(guest("nonconforming"), &file).unwrap();
    for (manifest, says) in [
        (r#""info":{"version":"one","description":"d"},"wellhead":{"contract":"0.1.0"}"#, "info.version is \"one\""),
        (r#""info":{"version":"1.0.0"},"wellhead":{"contract":"0.1.0"}"#, "info.description is missing"),
        (
            r#""info":{"version":"1.0.0","description":"d"},"wellhead":{"contract":"0.1.0","querySchema":{"type":"array"}}"#,
            "wellhead.querySchema describes array",
        ),
        (
            r#""info":{"version":"1.0.0","description":"d"},"streaming":true,"wellhead":{"contract":"0.1.0"}"#,
            "does not export wellhead:plugin/streaming",
        ),
    ] {
        let sidecar = format!(r#"{{"id":"n","name":"N","type":"datasource",{manifest}}}"#);
        fs::write(folder.path().join("n.plugin.json"), sidecar).unwrap();
        let report = suite(&file).only("manifest").run(|_| ()).await.unwrap();
        assert_eq!(failed(&report), ["manifest"]);
        assert!(why(&report.results).contains(says), "{}", why(&report.results));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugins_of_this_repository_break_no_rule() {
    for entry in fs::read_dir(plugins()).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "wasm") {
            let report = suite(&file).run(|_| ()).await.unwrap();
            let results = why(&report.results);
            assert_eq!(failed(&report), [] as [&str; 0], "{}\n{results}", file.display());
        }
    }
}

#[tokio::test]
async fn what_is_no_plugin_and_what_is_no_rule_are_said() {
    let error = suite("no/such.wasm").run(|_| ()).await.unwrap_err().to_string();
    assert!(error.contains("no/such.wasm"), "{error}");
    let error = suite(guest("nonconforming")).only("manners").run(|_| ()).await.unwrap_err().to_string();
    assert!(error.starts_with("there is no rule \"manners\"; the rules are manifest, configure, "), "{error}");
    assert!(suite(guest("nonconforming")).cases(Path::new("no/such")).only("manifest").run(|_| ()).await.is_ok());
}
