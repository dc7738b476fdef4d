//! Requests, so many at once, for so long.

use super::host::Asker;
use super::run::Level;
use super::usage::Cpu;
use anyhow::{Result, bail};
use hdrhistogram::Histogram;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Part of a level's time that goes before it is measured, for connections and replicas to be made.
const WARM_UP: u32 = 10;
/// Decimal digits of a latency that are kept: how long a run takes decides nothing about its memory.
const DIGITS: u8 = 3;

/// What the askers saw.
struct Seen {
    /// Of good answers, in nanoseconds.
    latencies: Histogram<u64>,
    failed: u64,
    first_failure: Option<String>,
}

/// Keeps `concurrency` requests under way for `duration`.
pub(super) async fn measure(asker: &Asker, concurrency: usize, duration: Duration) -> Result<Level> {
    asked(asker, concurrency, duration / WARM_UP).await?;
    let (before, began) = (Cpu::now(&asker.wellhead), Instant::now());
    let seen = asked(asker, concurrency, duration).await?;
    let seconds = began.elapsed().as_secs_f64();
    let used = Cpu::now(&asker.wellhead).since(before);

    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let Seen { latencies, failed, first_failure } = &*seen;
    if latencies.is_empty() {
        let why = first_failure.as_deref().unwrap_or("none came in time");
        bail!("no good answer with {concurrency} at once: {why}");
    }
    let requests = latencies.len() as f64 + *failed as f64;
    let millis = |share: f64| latencies.value_at_quantile(share) as f64 / 1e6;
    Ok(Level {
        concurrency,
        requests: latencies.len(),
        failed: *failed,
        first_failure: first_failure.clone(),
        seconds,
        requests_per_second: latencies.len() as f64 / seconds,
        p50_ms: millis(0.5),
        p99_ms: millis(0.99),
        max_ms: millis(1.0),
        guest_cpu_us: used.guest.as_secs_f64() * 1e6 / requests,
        host_cpu_us: used.host().as_secs_f64() * 1e6 / requests,
    })
}

async fn asked(asker: &Asker, concurrency: usize, duration: Duration) -> Result<Arc<Mutex<Seen>>> {
    let seen = Seen { latencies: Histogram::new(DIGITS)?, failed: 0, first_failure: None };
    let (seen, end) = (Arc::new(Mutex::new(seen)), Instant::now() + duration);
    let askers = (0..concurrency).map(|_| ask_until(end, asker.clone(), seen.clone()));
    askers.collect::<JoinSet<_>>().join_all().await;
    Ok(seen)
}

async fn ask_until(end: Instant, asker: Asker, seen: Arc<Mutex<Seen>>) {
    while Instant::now() < end {
        // A plugin that is quick answers on its asker's thread, who has then waited for nothing. A client that hears
        // from its server by a socket gives way in between, or the other askers would wait for long.
        tokio::task::yield_now().await;
        let began = Instant::now();
        let answered = asker.ask(0).await;
        let latency = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        match answered {
            Ok(()) => seen.latencies.saturating_record(latency),
            Err(error) => {
                seen.failed = seen.failed.saturating_add(1);
                seen.first_failure.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }
}
