//! What does one delivery of a live channel cost, and what a subscriber or a channel that waits?
//!
//! Cost model: a frame is encoded once; each subscriber is woken, takes the lock of its channel, clones a few counts and
//! reads bytes that are made. Beside it tokio's broadcast channel of the same bytes, which has no bound in bytes, replay,
//! schemas or notices: CPU time of the whole process, building frames included. Rounds interleave, medians are compared.
//! Wall time is not: it depends on who else uses the machine. Sockets and plugins are not measured.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and fails as a test does")]

use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use wellhead_egress::{Egress, ProxySettings};
use wellhead_frame::{Field, Frame};
use wellhead_query::{Caller, Channel, LiveHub, LiveLimits, LocalLeases, QueryService, Subscription, Wire};
use wellhead_runtime::Runtime;
use wellhead_store::MemoryStore;

const DELIVERIES: u64 = 400_000;
const ROUNDS: usize = 5;

fn main() {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    tokio.block_on(async {
        println!("CPU a delivery, median of {ROUNDS} interleaved rounds of {DELIVERIES}");
        for subscribers in [1, 10, 100, 1_000] {
            let frames = DELIVERIES / subscribers;
            let (mut hub, mut bare, mut lost) = (Vec::new(), Vec::new(), 0);
            for _ in 0..ROUNDS {
                let (took, dropped) = fan_out(subscribers, frames).await;
                hub.push(took);
                lost += dropped;
                bare.push(broadcast(subscribers, frames).await);
            }
            let (hub, bare) = (median(hub), median(bare));
            println!("{subscribers:>5} subscribers: {hub:>6} ns ({lost} dropped), tokio's broadcast {bare:>6} ns");
        }
        weigh().await;
    });
}

fn median(mut of: Vec<u64>) -> u64 {
    of.sort_unstable();
    of.get(of.len() / 2).copied().unwrap_or_default()
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap(), u32::try_from(now.tv_nsec).unwrap())
}

fn hub() -> LiveHub {
    let runtime = Runtime::builder().guest_threads(1).build().unwrap();
    let egress = Egress::builder().proxy(ProxySettings::None).build().unwrap();
    let service = QueryService::new(Arc::new(MemoryStore::default()), runtime.client().clone(), egress);
    let limits = LiveLimits { streams_per_org: 20_000, subscribers: 100_000, ..LiveLimits::default() };
    LiveHub::new(&service, limits, Arc::new(LocalLeases))
}

async fn subscribe(hub: &LiveHub, channel: &Channel) -> Subscription {
    hub.subscribe(Arc::new(Caller::default()), channel, "").await.unwrap()
}

/// Ten rows of two columns, under one schema.
fn frames() -> impl FnMut() -> Frame {
    let columns = |base: f64| (0..10).map(|row| base + f64::from(row)).collect::<Vec<_>>();
    let build = move |base| {
        let frame = Frame::builder("walk").column(Field::new("a"), columns(base));
        frame.column(Field::new("b"), columns(base * 0.1)).build().unwrap()
    };
    let schema = build(0.0).schema().clone();
    let mut base = 0.0;
    move || {
        base += 1.25;
        Frame::try_new(schema.clone(), build(base).into_batches()).unwrap()
    }
}

/// Nanoseconds a delivery, and how many were dropped. Publishes as fast as the slowest reads, give or take 256 frames.
async fn fan_out(subscribers: u64, count: u64) -> (u64, u64) {
    let (hub, channel) = (hub(), "1/stream/bench/walk".parse::<Channel>().unwrap());
    let (read, lost) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let mut readers = Vec::new();
    for _ in 0..subscribers {
        let mut subscription = subscribe(&hub, &channel).await;
        let (read, lost) = (Arc::clone(&read), Arc::clone(&lost));
        readers.push(tokio::spawn(async move {
            let mut seen = 0;
            while seen < count {
                let update = subscription.next().await.unwrap();
                std::hint::black_box(update.wire(Wire::WebSocket, |_, json| [b"{\"push\":", json, b"}"].concat()));
                seen += 1 + update.dropped();
                lost.fetch_add(update.dropped(), Ordering::Relaxed);
                read.fetch_add(1 + update.dropped(), Ordering::Relaxed);
            }
        }));
    }
    let mut next = frames();
    let began = cpu();
    for sent in 0..count {
        hub.publish_frame(&channel, next()).unwrap();
        while sent.saturating_sub(read.load(Ordering::Relaxed) / subscribers) > 64 {
            tokio::task::yield_now().await;
        }
    }
    for reader in readers {
        reader.await.unwrap();
    }
    (nanos(cpu().saturating_sub(began), subscribers * count), lost.load(Ordering::Relaxed))
}

async fn broadcast(subscribers: u64, count: u64) -> u64 {
    let (sender, _) = tokio::sync::broadcast::channel::<bytes::Bytes>(512);
    let read = Arc::<AtomicU64>::default();
    let mut readers = Vec::new();
    for _ in 0..subscribers {
        let (mut receiver, read) = (sender.subscribe(), Arc::clone(&read));
        readers.push(tokio::spawn(async move {
            let mut seen = 0;
            while seen < count {
                let more = match receiver.recv().await {
                    Ok(bytes) => {
                        std::hint::black_box(bytes);
                        1
                    }
                    Err(RecvError::Lagged(lost)) => lost,
                    Err(RecvError::Closed) => return,
                };
                seen += more;
                read.fetch_add(more, Ordering::Relaxed);
            }
        }));
    }
    let mut next = frames();
    let began = cpu();
    for sent in 0..count {
        let mut bytes = Vec::new();
        next().write_data_json(&mut bytes, &wellhead_frame::JsonOptions::default()).unwrap();
        sender.send(bytes.into()).unwrap();
        while sent.saturating_sub(read.load(Ordering::Relaxed) / subscribers) > 64 {
            tokio::task::yield_now().await;
        }
    }
    for reader in readers {
        reader.await.unwrap();
    }
    nanos(cpu().saturating_sub(began), subscribers * count)
}

/// Bytes of resident memory for each of many that wait.
async fn weigh() {
    let hub = hub();
    let channel = "1/stream/bench/one".parse::<Channel>().unwrap();
    hub.publish_frame(&channel, frames()()).unwrap();
    let before = resident();
    let mut all = Vec::new();
    for _ in 0..10_000 {
        all.push(subscribe(&hub, &channel).await);
    }
    println!("a subscriber that waits: {} bytes", (resident() - before) / 10_000);
    let before = resident();
    for number in 0..10_000 {
        let channel = format!("1/stream/bench/{number}").parse::<Channel>().unwrap();
        hub.publish_frame(&channel, frames()()).unwrap();
        all.push(subscribe(&hub, &channel).await);
    }
    println!("a channel with a kept frame and a subscriber: {} bytes", (resident() - before) / 10_000);
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
}

fn nanos(took: Duration, deliveries: u64) -> u64 {
    u64::try_from(took.as_nanos()).unwrap() / deliveries
}
