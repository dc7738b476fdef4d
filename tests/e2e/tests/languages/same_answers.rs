//! The examples in Python and JavaScript beside the one in Rust: same questions, same answers.

use crate::LANGUAGES;
use crate::support::{as_json, ask, error, host};
use crate::upstream::Upstream;
use anyhow::{Context, Result};
use serde_json::json;
use wellhead_e2e::host::Host;
use wellhead_runtime::HealthStatus;

const RUST: &str = "json_api_plugin";

async fn of_each(url: &str) -> Result<(Host, Vec<(&'static str, Host)>)> {
    let mut others = Vec::new();
    for language in LANGUAGES {
        others.push((language, host(&format!("{language}_json_api"), url.to_owned(), json!({})).await?));
    }
    Ok((host(RUST, url.to_owned(), json!({})).await?, others))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_language_makes_the_same_frames() -> Result<()> {
    let upstream = Upstream::start().await?;
    let (rust, others) = of_each(&upstream.url()).await?;
    for path in ["rows", "empty"] {
        let expected = ask(&rust, json!({ "path": path })).await?;
        let expected_frame = as_json(expected.frames.first().context("a frame")?)?;
        for (language, host) in &others {
            let answer = ask(host, json!({ "path": path })).await?;
            assert_eq!((answer.status, answer.frames.len()), (expected.status, 1), "{language}: {answer:?}");
            assert_eq!(as_json(answer.frames.first().context("a frame")?)?, expected_frame, "{language}, {path}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_says_no_is_quoted_in_the_same_words() -> Result<()> {
    let upstream = Upstream::start().await?;
    let (rust, others) = of_each(&upstream.url()).await?;
    for path in ["missing", "../up", "a b"] {
        let expected = error(&rust, json!({ "path": path })).await?;
        for (language, host) in &others {
            let failed = error(host, json!({ "path": path })).await?;
            let facts = (failed.status, failed.source_of_error);
            assert_eq!(facts, (expected.status, expected.source_of_error), "{language}: {failed:?}");
            // The cure names a function, which each language writes in its own way.
            let said = |message: &str| message.split(": percent-encode").next().map(str::to_owned);
            assert_eq!(said(&failed.message), said(&expected.message), "{language}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_the_same_finding() -> Result<()> {
    let upstream = Upstream::start().await?;
    let refused = "http://127.0.0.1:1".to_owned();
    for (url, ok) in [(upstream.url(), true), (refused, false)] {
        let (rust, others) = of_each(&url).await?;
        let expected = rust.runtime().client().check_health(rust.context()).await?;
        assert_eq!(expected.status == HealthStatus::Ok, ok);
        for (language, host) in &others {
            let health = host.runtime().client().check_health(host.context()).await?;
            assert_eq!(health.status, expected.status, "{language}: {health:?}");
            // The contract's `fetch` says which address refused, WASI's HTTP does not.
            assert!(health.message.starts_with(&expected.message), "{language}: {health:?}, {expected:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_settings_a_model_or_an_answer_is_named() -> Result<()> {
    let upstream = Upstream::start().await?;
    for language in LANGUAGES {
        let plugin = format!("{language}_json_api");
        let without_url = host(&plugin, String::new(), json!({})).await?;
        let refused = ask(&without_url, json!({"path": "rows"})).await.err().map(|error| error.to_string());
        let refused = refused.context("a data source without a URL")?;
        assert!(refused.contains("the data source has no URL: set one"), "{language}: {refused}");

        let host = host(&plugin, upstream.url(), json!({})).await?;
        for (model, status, said) in [
            (json!({}), 400, "query: missing key \"path\""),
            (json!({"path": 1}), 400, "query.path: expected a string, found 1"),
            (json!({"path": "object"}), 502, "answer: expected a list, found {"),
            (json!({"path": "page"}), 502, "it begins \"<html>\""),
        ] {
            let failed = error(&host, model).await?;
            assert_eq!(failed.status, status, "{language}: {failed:?}");
            assert!(failed.message.contains(said), "{language}: {failed:?}");
        }
    }
    Ok(())
}
