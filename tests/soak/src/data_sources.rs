//! A thousand data sources of one plugin on one host: what the first query on each costs, and what they hold together.
//!
//! Resident memory is the process's, so this wants a process of its own.

use crate::Report;
use crate::latency::Latencies;
use crate::process;
use crate::report::mib;
use anyhow::{Context, Result};
use serde_json::json;
use std::time::{Duration, Instant};
use wellhead::{DataSource, MemoryStore, QueryRequest, Wellhead};
use wellhead_test_support::guest;

/// How many data sources.
const SOURCES: usize = 1_000;
/// Takes the plugin's compilation upon itself.
const BEFORE: &str = "before";

/// Runs it. Takes some seconds.
///
/// # Errors
/// Where it could not be run to its end.
pub async fn run() -> Result<Report> {
    let uid = |number: usize| format!("source-{number}");
    let sources = (0..SOURCES).map(uid).chain([BEFORE.to_owned()]);
    let store = MemoryStore::new(sources.map(|uid| DataSource::new(&uid, &uid, "testdata")))?;
    let wellhead = Wellhead::builder().plugin_file(guest("testdata")).store(store).build().await?;
    ask(&wellhead, BEFORE).await?;
    let before = process::resident()?;
    let (mut firsts, mut seconds) = (Latencies::default(), Latencies::default());
    for number in 0..SOURCES {
        firsts.add(ask(&wellhead, &uid(number)).await?);
    }
    for number in 0..SOURCES {
        seconds.add(ask(&wellhead, &uid(number)).await?);
    }
    let after = process::resident()?;
    let each = after.saturating_sub(before) / SOURCES as u64;
    let mut report = Report::new(format!("{SOURCES} data sources of one plugin"));
    report.row("the first query on each", "< 5 ms", firsts.summary());
    report.row("the second", "", seconds.summary());
    let memory = format!("{}, {} KiB a data source", mib(after), each / 1_024);
    report.row("resident memory of the host with all of them", "< 1024 MiB", memory);
    wellhead.shutdown(Duration::from_secs(10)).await;
    Ok(report)
}

async fn ask(wellhead: &Wellhead, uid: &str) -> Result<Duration> {
    let model = json!({ "scenarioId": "random_walk" });
    let request = QueryRequest::over("now-1h", "now")?.query(uid, model)?;
    let began = Instant::now();
    let results = wellhead.query_data(request).await?;
    let took = began.elapsed();
    results.frames("A").with_context(|| format!("data source {uid:?} failed"))?;
    Ok(took)
}
