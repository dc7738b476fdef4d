//! Clients that ask on a schedule, whatever the answers take, and judge every answer.

mod ask;
mod http;
mod tally;

pub(crate) use ask::{Asker, Healthy, Library};
pub(crate) use http::Http;
pub(crate) use tally::{Kind, Tally};

use futures::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Of a client's queries, every so manyth waits, so that calls are in flight whenever the plugin is replaced. Their
/// latency is not counted.
const EVERY: u64 = 32;
/// How long such a query waits. Shorter than a client's time between two requests, which would come late otherwise.
const WAIT: Duration = Duration::from_millis(25);

/// Who may answer a request, as far as one can know.
pub(crate) trait Judge: Send + Sync + 'static {
    /// Notes that a request is sent.
    fn sent(&self) -> usize;

    /// Whether `build` may answer a request that was `sent` then.
    ///
    /// # Errors
    /// Why it may not.
    fn answered(&self, build: u32, sent: usize) -> Result<(), String>;
}

/// Clients at work until they are told to stop.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Tally>>,
    began: Instant,
}

impl Load {
    pub(crate) fn new() -> Self {
        Self { stop: Arc::default(), clients: Vec::new(), began: Instant::now() }
    }

    /// Sets `askers` to work, which ask `rate` times a second together.
    pub(crate) fn add(&mut self, askers: Vec<impl Asker>, rate: u32, judge: &Arc<impl Judge>) {
        let count = u32::try_from(askers.len()).unwrap_or(u32::MAX);
        let period = Duration::from_secs(1) * count / rate.max(1);
        for (number, asker) in (0_u32..).zip(askers) {
            // Side by side, not all at the same instant.
            let first = Instant::now() + period * number / count;
            let stop = self.stop.clone();
            self.clients.push(tokio::spawn(client(asker, first, period, judge.clone(), stop)));
        }
    }

    /// Waits until all clients have their last answer.
    pub(crate) async fn stop(self) -> anyhow::Result<Tally> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        for tally in join_all(self.clients).await {
            all.merge(tally?);
        }
        all.lasted = self.began.elapsed();
        Ok(all)
    }
}

/// Asks every `period`. One that waits for an answer when the next request is due sends that late and counts its time
/// from when it was due, so that no slow answer hides what others would have waited.
async fn client(
    mut asker: impl Asker,
    first: Instant,
    period: Duration,
    judge: Arc<impl Judge>,
    stop: Arc<AtomicBool>,
) -> Tally {
    let mut tally = Tally::default();
    let mut due = first;
    let mut number = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep_until(due).await;
        let waits = number % EVERY == EVERY - 1;
        let sent = judge.sent();
        let answer = asker.ask(if waits { WAIT } else { Duration::ZERO }).await;
        match answer {
            Ok(build) => {
                if let Some(Err(wrong)) = build.map(|build| judge.answered(build, sent)) {
                    tally.wrong(wrong);
                }
                tally.answered(asker.kind(), (!waits).then(|| due.elapsed()));
            }
            Err(error) => tally.failed(format!("{:?}: {error:#}", asker.kind())),
        }
        due += period;
        number += 1;
    }
    tally
}
