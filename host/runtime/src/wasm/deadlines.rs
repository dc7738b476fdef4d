//! Deadlines of calls, kept by the epoch thread: a clock outside every Store and every async runtime.
//!
//! A call hardly ever reaches its deadline, so setting one has to cost next to nothing. A runtime's timer wakes its
//! driver whenever the earliest deadline changes, which with one call at a time is at every call. Here a deadline is an
//! entry in a map that a thread looks at on every epoch tick; it is late by at most a tick.

use futures::task::AtomicWaker;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// As good as never, for waits that no clock can tell the end of.
const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);

/// So long after `begin`. Limits are an embedder's to choose, and `Duration::MAX` is how some write "none".
pub(super) fn after(begin: Instant, wait: Duration) -> Instant {
    begin.checked_add(wait).or_else(|| begin.checked_add(FAR)).unwrap_or(begin)
}

/// Every deadline of one runtime's calls that is being waited for.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    waiting: Mutex<BTreeMap<(Instant, u64), Arc<Alarm>>>,
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct Alarm {
    rings: AtomicBool,
    waker: AtomicWaker,
}

/// The deadline passed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Elapsed;

impl Deadlines {
    /// Waits for `work`, until `deadline` at most.
    pub(super) async fn within<T>(&self, deadline: Instant, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        let mut work = std::pin::pin!(work);
        let mut until = Until { deadlines: self, deadline, entry: None };
        std::future::poll_fn(move |cx| {
            if let Poll::Ready(value) = work.as_mut().poll(cx) {
                return Poll::Ready(Ok(value));
            }
            Pin::new(&mut until).poll(cx).map(|()| Err(Elapsed))
        })
        .await
    }

    /// Wakes those whose deadline is not after `now`.
    pub(super) fn ring(&self, now: Instant) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(first) = waiting.first_entry().filter(|first| first.key().0 <= now) {
            let alarm = first.remove();
            alarm.rings.store(true, Ordering::Release);
            alarm.waker.wake();
        }
    }
}

/// Resolves at a deadline. Waits for it from the first time it is asked, and no longer than it lives.
struct Until<'a> {
    deadlines: &'a Deadlines,
    deadline: Instant,
    entry: Option<(u64, Arc<Alarm>)>,
}

impl Future for Until<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some((_, alarm)) = &self.entry else {
            if self.deadline <= Instant::now() {
                return Poll::Ready(());
            }
            let alarm = Arc::new(Alarm::default());
            alarm.waker.register(cx.waker());
            let id = self.deadlines.next.fetch_add(1, Ordering::Relaxed);
            let mut waiting = self.deadlines.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.insert((self.deadline, id), alarm.clone());
            drop(waiting);
            self.entry = Some((id, alarm));
            return Poll::Pending;
        };
        // Registered before the flag is read, so that a ring between the two is not missed.
        alarm.waker.register(cx.waker());
        if alarm.rings.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Until<'_> {
    fn drop(&mut self) {
        if let Some((id, _)) = self.entry.take() {
            let mut waiting = self.deadlines.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.remove(&(self.deadline, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_is_done_leaves_no_entry_behind() {
        let deadlines = Deadlines::default();
        let far = Instant::now() + Duration::from_secs(3600);
        assert_eq!(deadlines.within(far, async { 7 }).await, Ok(7));
        assert_eq!(deadlines.within(far, tokio::task::yield_now()).await, Ok(()));
        assert!(deadlines.waiting.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_deadline_rings_when_it_has_passed_and_not_before() {
        let deadlines = Arc::new(Deadlines::default());
        let (soon, late) = (Instant::now() + Duration::from_secs(1), Instant::now() + Duration::from_secs(2));
        let wait = |deadline| {
            let deadlines = deadlines.clone();
            tokio::spawn(async move { deadlines.within(deadline, std::future::pending::<()>()).await })
        };
        let (first, second) = (wait(soon), wait(late));
        while deadlines.waiting.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
        deadlines.ring(soon - Duration::from_millis(1));
        assert_eq!(deadlines.waiting.lock().unwrap().len(), 2);
        deadlines.ring(soon);
        assert_eq!(first.await.unwrap(), Err(Elapsed));
        assert!(!second.is_finished());
        deadlines.ring(late);
        assert_eq!(second.await.unwrap(), Err(Elapsed));
    }

    #[test]
    fn a_wait_without_an_end_is_a_long_one() {
        let now = Instant::now();
        assert_eq!(after(now, Duration::from_secs(1)).duration_since(now), Duration::from_secs(1));
        for begin in [now, after(now, Duration::MAX), after(now, Duration::from_secs(i64::MAX.unsigned_abs() / 2))] {
            assert!(after(begin, Duration::MAX).duration_since(begin) >= FAR, "{begin:?}");
        }
    }

    #[tokio::test]
    async fn a_deadline_in_the_past_passes_at_once() {
        let deadlines = Deadlines::default();
        assert_eq!(deadlines.within(Instant::now(), std::future::pending::<()>()).await, Err(Elapsed));
    }
}
