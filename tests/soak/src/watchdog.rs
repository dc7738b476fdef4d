//! Guests that spin: how long after its call's deadline each is ended, and whether the host's own threads feel it.

use crate::Report;
use crate::latency::Latencies;
use crate::report::ms;
use anyhow::{Context, Result, anyhow, ensure};
use futures::future::try_join_all;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tokio::time::timeout;
use wellhead_runtime::{
    DataQuery, DataSourceSettings, EpochTime, Limits, PluginChange, PluginContext, PluginError, PluginEvents,
    QueryDataRequest, Runtime, TimeRange,
};
use wellhead_test_support::guest;

/// Data sources that spin at the same time.
const AT_ONCE: usize = 4;
/// How often they do, each time others.
const ROUNDS: u32 = 10;
/// Of the calls that spin.
const DEADLINE: Duration = Duration::from_millis(500);
/// What guests are interrupted by; also how late a deadline may ring.
const TICK: Duration = Duration::from_millis(5);
/// How long an instance's end is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs it. Takes some ten seconds.
///
/// # Errors
/// Where it could not be run to its end.
pub async fn run() -> Result<Report> {
    let cache = tempfile::tempdir()?;
    let limits = Limits { configure_deadline: PATIENCE, ..Limits::default() };
    let runtime = Runtime::builder().limits(limits).compile_cache(cache.path()).build()?;
    let plugin = runtime.load_file(&guest("hostile")).await?.id.clone();
    ask(&runtime, &plugin, "first", json!({}), PATIENCE).await?;

    let heart = Heart::start();
    tokio::time::sleep(DEADLINE * ROUNDS).await;
    let usual = heart.stop().await?;

    let (mut told, mut ended) = (Latencies::default(), Latencies::default());
    let heart = Heart::start();
    for round in 0..ROUNDS {
        let mut events = runtime.events();
        let spinning = try_join_all((0..AT_ONCE).map(|number| {
            let uid = format!("spins-{round}-{number}");
            let (runtime, plugin) = (&runtime, plugin.as_str());
            async move { spin(runtime, plugin, &uid).await.map(|deadline| (uid, deadline)) }
        }));
        let spun = spinning.await?;
        let mut deadlines = HashMap::new();
        for (uid, Spun { deadline, overdue }) in spun {
            told.add(overdue);
            deadlines.insert(uid, deadline);
        }
        timeout(PATIENCE, ends(&mut events, deadlines, &mut ended)).await.context("a guest spins on")??;
    }
    let meanwhile = heart.stop().await?;

    let mut report = Report::new(format!("Watchdog: {AT_ONCE} guests at once that spin, {ROUNDS} times"));
    report.row("deadline → the caller knows", "", told.summary());
    report.row("deadline → the instance is ended", "≤ 100 ms", ended.summary());
    let aim = format!("≤ {} more", ms(TICK));
    report.row("longest stall of the I/O threads, usual", "", stall(&usual.io));
    report.row("longest stall of the I/O threads, meanwhile", aim, stall(&meanwhile.io));
    // What a thread feels that has nothing to do with the host is the machine's.
    report.row("the same of a thread that only sleeps, usual", "", stall(&usual.machine));
    report.row("the same of a thread that only sleeps, meanwhile", "", stall(&meanwhile.machine));
    runtime.shutdown(Duration::from_secs(10)).await;
    Ok(report)
}

fn stall(beats: &Latencies) -> String {
    format!("{} (p99 {}, {} beats)", ms(beats.max()), ms(beats.percentile(0.99)), beats.count())
}

/// A call that ran into its deadline.
struct Spun {
    deadline: SystemTime,
    /// How long after that the caller knew.
    overdue: Duration,
}

/// Has a data source of its own spin.
async fn spin(runtime: &Runtime, plugin: &str, uid: &str) -> Result<Spun> {
    ask(runtime, plugin, uid, json!({}), PATIENCE).await?;
    let (began, deadline) = (Instant::now(), SystemTime::now() + DEADLINE);
    let spun = ask(runtime, plugin, uid, json!({ "misdeed": "spin" }), DEADLINE).await;
    let overdue = began.elapsed().saturating_sub(DEADLINE);
    ensure!(matches!(spun, Err(PluginError::Timeout { .. })), "a call that spins gave {spun:?}");
    Ok(Spun { deadline, overdue })
}

/// Notes how long after its deadline each instance ended.
async fn ends(
    events: &mut PluginEvents,
    mut deadlines: HashMap<String, SystemTime>,
    ended: &mut Latencies,
) -> Result<()> {
    while !deadlines.is_empty() {
        let event = events.next().await.context("the runtime is gone")?;
        if let PluginChange::Crashed { uid, .. } = &event.change
            && let Some(deadline) = deadlines.remove(uid)
        {
            ended.add(event.at.duration_since(deadline).unwrap_or_default());
        }
    }
    Ok(())
}

async fn ask(runtime: &Runtime, plugin: &str, uid: &str, model: Value, deadline: Duration) -> Result<(), PluginError> {
    let settings = DataSourceSettings {
        org_id: 1,
        uid: uid.to_owned(),
        name: uid.to_owned(),
        plugin_id: plugin.to_owned(),
        version: 1,
        ..DataSourceSettings::default()
    };
    let context = PluginContext { timeout: Some(deadline), ..PluginContext::for_data_source(settings) };
    let time_range = TimeRange { from: EpochTime::from_millis(0), to: EpochTime::from_millis(3_600_000) };
    let query = DataQuery { ref_id: "A".to_owned(), time_range, model: model.to_string(), ..DataQuery::default() };
    runtime.client().query_data(context, QueryDataRequest { queries: vec![query] }).await.map(drop)
}

/// How often a heart beats.
const BEAT: Duration = Duration::from_millis(1);

/// A task on the I/O threads, and a thread of its own beside it, that want to run every millisecond.
struct Heart {
    stop: Arc<AtomicBool>,
    io: tokio::task::JoinHandle<Latencies>,
    machine: std::thread::JoinHandle<Latencies>,
}

/// By how much each beat was late.
struct Beats {
    io: Latencies,
    machine: Latencies,
}

impl Heart {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let io = tokio::spawn(async move {
            let mut late = Latencies::default();
            while !stopped.load(Ordering::Relaxed) {
                let began = Instant::now();
                tokio::time::sleep(BEAT).await;
                late.add(began.elapsed().saturating_sub(BEAT));
            }
            late
        });
        let stopped = stop.clone();
        let machine = std::thread::spawn(move || {
            let mut late = Latencies::default();
            while !stopped.load(Ordering::Relaxed) {
                let began = Instant::now();
                std::thread::sleep(BEAT);
                late.add(began.elapsed().saturating_sub(BEAT));
            }
            late
        });
        Self { stop, io, machine }
    }

    async fn stop(self) -> Result<Beats> {
        self.stop.store(true, Ordering::Relaxed);
        let machine = self.machine.join().map_err(|_| anyhow!("the thread that only sleeps panicked"))?;
        Ok(Beats { io: self.io.await?, machine })
    }
}
