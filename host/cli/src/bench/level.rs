//! Requests, so many at once, for so long.

use super::host::Asker;
use super::run::Level;
use super::usage::Cpu;
use anyhow::{Result, bail};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Part of a level's time that goes before it is measured, for connections and replicas to be made.
const WARM_UP: u32 = 10;

/// What one of the askers saw.
#[derive(Default)]
struct Seen {
    /// Of good answers, in nanoseconds.
    latencies: Vec<u64>,
    failed: u64,
    first_failure: Option<String>,
}

/// Keeps `concurrency` requests under way for `duration`.
pub(super) async fn measure(asker: &Asker, concurrency: usize, duration: Duration) -> Result<Level> {
    asked(asker, concurrency, duration / WARM_UP).await;
    let (before, began) = (Cpu::now(&asker.wellhead), Instant::now());
    let seen = asked(asker, concurrency, duration).await;
    let seconds = began.elapsed().as_secs_f64();
    let used = Cpu::now(&asker.wellhead).since(before);

    let failed: u64 = seen.iter().map(|seen| seen.failed).sum();
    let first_failure = seen.iter().find_map(|seen| seen.first_failure.clone());
    let mut latencies: Vec<u64> = seen.into_iter().flat_map(|seen| seen.latencies).collect();
    latencies.sort_unstable();
    if latencies.is_empty() {
        let why = first_failure.unwrap_or_else(|| "none came in time".into());
        bail!("no good answer with {concurrency} at once: {why}");
    }
    let requests = latencies.len() as f64 + failed as f64;
    let millis = |share: f64| percentile(&latencies, share) as f64 / 1e6;
    Ok(Level {
        concurrency,
        requests: latencies.len() as u64,
        failed,
        first_failure,
        seconds,
        requests_per_second: latencies.len() as f64 / seconds,
        p50_ms: millis(0.5),
        p99_ms: millis(0.99),
        max_ms: millis(1.0),
        guest_cpu_us: used.guest.as_secs_f64() * 1e6 / requests,
        host_cpu_us: used.host().as_secs_f64() * 1e6 / requests,
    })
}

async fn asked(asker: &Asker, concurrency: usize, duration: Duration) -> Vec<Seen> {
    let end = Instant::now() + duration;
    let askers = (0..concurrency).map(|_| ask_until(end, asker.clone()));
    askers.collect::<JoinSet<_>>().join_all().await
}

async fn ask_until(end: Instant, asker: Asker) -> Seen {
    let mut seen = Seen::default();
    while Instant::now() < end {
        let began = Instant::now();
        match asker.ask(0).await {
            Ok(()) => seen.latencies.push(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)),
            Err(error) => {
                seen.failed = seen.failed.saturating_add(1);
                seen.first_failure.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }
    seen
}

/// The value below which this share of `sorted` lies.
fn percentile(sorted: &[u64], share: f64) -> u64 {
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * share).ceil() as usize;
    sorted.get(at.min(last)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let sorted: Vec<u64> = (1..=100).collect();
        assert_eq!((percentile(&sorted, 0.5), percentile(&sorted, 0.99), percentile(&sorted, 1.0)), (51, 100, 100));
        assert_eq!((percentile(&[7], 0.5), percentile(&[], 0.5)), (7, 0));
    }
}
