//! Calls that nobody waits for any more end, give back what they held, and leave nothing behind.

use crate::LANGUAGES;
use crate::support::{cases, crashes, frame, until};
use crate::upstream::Upstream;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::sync::Arc;
use wellhead_e2e::host::Host;
use wellhead_frame::Value as FrameValue;

/// Below the connections that a data source may have.
const AT_ONCE: usize = 20;

/// How many queries the guest has begun that will never be answered, or has given up of these.
async fn count(host: &Host, which: &str) -> Result<i64> {
    match frame(host, json!({"do": "count"})).await?.field_named(which).context("a field")?.values().next() {
        Some(FrameValue::Int64(calls)) => Ok(calls),
        other => anyhow::bail!("{other:?} is no number of calls"),
    }
}

/// Asks so many times, and goes away once all are under way.
async fn ask_and_go(host: &Arc<Host>, model: &Value, under_way: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let ask = |_| {
        let (host, model) = (host.clone(), model.clone());
        tokio::spawn(async move { host.ask(&[model], 0, 1).await.map(drop) })
    };
    let calls: Vec<_> = (0..AT_ONCE).map(ask).collect();
    until("all calls under way", under_way).await?;
    calls.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_cancelled_requests_leave_nothing_behind() -> Result<()> {
    let upstream = Upstream::start().await?;
    for language in LANGUAGES {
        let host = Arc::new(cases(language, upstream.url()).await?);
        for _ in 0..100 {
            ask_and_go(&host, &json!({"do": "hang"}), async || Ok(upstream.silent() == AT_ONCE)).await?;
            until("every connection closed", async || Ok(upstream.silent() == 0)).await?;
        }
        until("every query given up", async || Ok(count(&host, "given up").await? == 2_000)).await?;
        let answers = host.ask(&vec![json!({"do": "fetch"}); 50], 0, 1).await?;
        assert!(answers.iter().all(|answer| answer.error.is_none()), "{language}: {answers:?}");
        assert!(!crashes(&host), "{language}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_that_sleeps_wakes_up_to_end() -> Result<()> {
    for language in LANGUAGES {
        let host = Arc::new(cases(language, "http://127.0.0.1".to_owned()).await?);
        ask_and_go(&host, &json!({"do": "sleep"}), async || Ok(count(&host, "begun").await? == 20)).await?;
        until("every query given up", async || Ok(count(&host, "given up").await? == 20)).await?;
        assert!(!crashes(&host), "{language}");
    }
    Ok(())
}
