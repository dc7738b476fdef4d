use super::bench::*;
use crate::live::*;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;
use tokio::time::Instant;

#[derive(Default)]
struct Registry {
    taken: AtomicBool,
    lost: Notify,
    granted: AtomicUsize,
    held: AtomicUsize,
}

struct Leases(Arc<Registry>);
struct Lease(Arc<Registry>);

impl ChannelLeases for Leases {
    fn acquire<'a>(&'a self, _: &'a Channel) -> BoxFuture<'a, Result<Box<dyn ChannelLease>, LeaseRefused>> {
        Box::pin(async {
            if self.0.taken.load(Ordering::Relaxed) {
                return Err(LeaseRefused { holder: "host-7".into() });
            }
            self.0.granted.fetch_add(1, Ordering::Relaxed);
            self.0.held.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(Lease(Arc::clone(&self.0))) as Box<dyn ChannelLease>)
        })
    }
}

impl ChannelLease for Lease {
    fn lost(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.lost.notified())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::Relaxed);
    }
}

fn bench() -> (Bench, Arc<Registry>) {
    let registry = Arc::<Registry>::default();
    (Bench::leased(LiveLimits::default(), Arc::new(Leases(Arc::clone(&registry)))), registry)
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_another_host_runs_is_refused_by_its_name() {
    let (bench, registry) = bench();
    registry.taken.store(true, Ordering::Relaxed);
    let (status, text) = bench.refusal("1/ds/a/ticks").await;
    assert_eq!((status, text.contains("host-7 runs it")), (503, true), "{text}");
    assert!(!bench.has_run() && bench.hub.channels(1).is_empty());
    // What is published to this host is this host's.
    bench.subscribe("1/stream/app/x").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_ends_the_run_and_is_asked_for_again() {
    let (mut bench, registry) = bench();
    let mut subscription = bench.subscribe("1/ds/a/ticks").await.unwrap();
    let first = bench.run().await;
    bench.settle().await;
    registry.taken.store(true, Ordering::Relaxed);
    registry.lost.notify_one();
    let lost = Instant::now();
    first.closed().await;
    assert_eq!(registry.held.load(Ordering::Relaxed), 0);
    let told = said(&subscription.next().await.unwrap());
    assert!(told.starts_with("this host may no longer run the channel: it lost the lease"), "{told}");
    let told = said(&subscription.next().await.unwrap());
    assert!(told.starts_with("this host may not run the channel: host-7 runs it"), "{told}");
    registry.taken.store(false, Ordering::Relaxed);
    bench.run().await.send(frame(&[1])).await;
    assert_eq!(said(&subscription.next().await.unwrap()), "1");
    assert_eq!(lost.elapsed().as_millis() / 100, 3);
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_kept_between_runs_and_given_back_with_the_channel() {
    let (mut bench, registry) = bench();
    let subscription = bench.subscribe("1/ds/a/ticks").await.unwrap();
    for _ in 0..3 {
        bench.run().await.fail(wellhead_runtime::GuestError::downstream(502, "no"));
    }
    let run = bench.run().await;
    assert_eq!(registry.granted.load(Ordering::Relaxed), 1);
    drop(subscription);
    run.closed().await;
    bench.settle().await;
    assert_eq!(registry.held.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lease_lost_while_nothing_runs_is_asked_for_again_before_anything_does() {
    let (mut bench, registry) = bench();
    let _subscription = bench.subscribe("1/ds/a/ticks").await.unwrap();
    bench.run().await.fail(wellhead_runtime::GuestError::downstream(502, "no"));
    bench.settle().await;
    registry.taken.store(true, Ordering::Relaxed);
    registry.lost.notify_one();
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    assert!(!bench.has_run(), "another host has it");
    assert_eq!(registry.held.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn leases_that_panic_leave_nobody_waiting() {
    struct Broken;

    impl ChannelLeases for Broken {
        fn acquire<'a>(&'a self, _: &'a Channel) -> BoxFuture<'a, Result<Box<dyn ChannelLease>, LeaseRefused>> {
            Box::pin(async { panic!("no registry") })
        }
    }

    let bench = Bench::leased(LiveLimits::default(), Arc::new(Broken));
    let mut subscription = bench.subscribe("1/ds/a/ticks").await.unwrap();
    assert_eq!(subscription.next().await.unwrap_err().code(), 500);
    assert!(bench.hub.channels(1).is_empty());
}
