use super::fixture::*;
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

fn test() -> (TestHub, Arc<Registry>) {
    let registry = Arc::<Registry>::default();
    (TestHub::leased(LiveLimits::default(), Arc::new(Leases(Arc::clone(&registry)))), registry)
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_another_host_runs_is_refused_by_its_name() {
    let (test, registry) = test();
    registry.taken.store(true, Ordering::Relaxed);
    let (status, text) = test.refusal("1/ds/a/ticks").await;
    assert_eq!((status, text.contains("host-7 runs it")), (503, true), "{text}");
    assert!(!test.has_run() && test.hub.channels(1).is_empty());
    // What is published to this host is this host's.
    test.subscribe("1/stream/app/x").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_ends_the_run_and_is_asked_for_again() {
    let (mut test, registry) = test();
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let first = test.run().await;
    test.settle().await;
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
    test.run().await.send(frame(&[1])).await;
    assert_eq!(said(&subscription.next().await.unwrap()), "1");
    assert_eq!(lost.elapsed().as_millis() / 100, 3);
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_kept_between_runs_and_given_back_with_the_channel() {
    let (mut test, registry) = test();
    let subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    for _ in 0..3 {
        test.run().await.fail(wellhead_runtime::GuestError::downstream(502, "no"));
    }
    let run = test.run().await;
    assert_eq!(registry.granted.load(Ordering::Relaxed), 1);
    drop(subscription);
    run.closed().await;
    test.settle().await;
    assert_eq!(registry.held.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lease_lost_while_nothing_runs_is_asked_for_again_before_anything_does() {
    let (mut test, registry) = test();
    let _subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    test.run().await.fail(wellhead_runtime::GuestError::downstream(502, "no"));
    test.settle().await;
    registry.taken.store(true, Ordering::Relaxed);
    registry.lost.notify_one();
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    assert!(!test.has_run(), "another host has it");
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

    let test = TestHub::leased(LiveLimits::default(), Arc::new(Broken));
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    assert_eq!(subscription.next().await.unwrap_err().code(), 500);
    assert!(test.hub.channels(1).is_empty());
}
