//! Stand-ins for tests of plugin code outside a host: a cache that keeps everything for its thread, clocks of the
//! operating system, metrics that go nowhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::stream::{FuturesUnordered, StreamExt};
use wellhead_frame::Timestamp;

use super::MetricKind;

type Task = Pin<Box<dyn Future<Output = ()>>>;
type Entry = (Vec<u8>, Instant);

thread_local! {
    static CACHE: RefCell<HashMap<String, Entry>> = RefCell::default();
}

pub(crate) fn metric(_: MetricKind, _: &str, _: f64, _: &[(&str, &str)]) {}

pub(crate) fn cache_get(key: &str) -> Option<Vec<u8>> {
    CACHE.with_borrow(|cache| {
        cache.get(key).filter(|(_, until)| Instant::now() < *until).map(|(value, _)| value.clone())
    })
}

pub(crate) fn cache_set(key: &str, value: &[u8], ttl_ms: u32) {
    let until = Instant::now() + Duration::from_millis(ttl_ms.into());
    CACHE.with_borrow_mut(|cache| cache.insert(key.to_owned(), (value.to_vec(), until)));
}

pub(crate) fn cache_delete(key: &str) {
    CACHE.with_borrow_mut(|cache| cache.remove(key));
}

pub(crate) fn now() -> Timestamp {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

pub(crate) fn monotonic() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// A timer thread a call: dear, and good enough for tests.
pub(crate) async fn sleep(how_long: Duration) {
    let (done, slept) = futures::channel::oneshot::channel::<()>();
    std::thread::spawn(move || {
        std::thread::sleep(how_long);
        let _ = done.send(());
    });
    let _ = slept.await;
}

pub(crate) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

thread_local! {
    /// What was spawned and is not yet run; `None` where nothing runs tasks.
    static SPAWNED: RefCell<Option<Vec<Task>>> = const { RefCell::new(None) };
}

/// Under [`run`] the task lives as long as that; elsewhere it runs to its first wait and is dropped there.
pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) {
    let mut future: Task = Box::pin(future);
    let run = SPAWNED.try_with(|spawned| spawned.borrow().is_some());
    match run {
        Ok(true) => SPAWNED.with_borrow_mut(|spawned| spawned.get_or_insert_default().push(future)),
        Ok(false) => drop(future.as_mut().poll(&mut Context::from_waker(Waker::noop()))),
        // What is dropped at the end of its thread.
        Err(_) => {}
    }
}

/// Runs a future to its end, and beside it whatever is spawned meanwhile, as an instance does.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut tasks = FuturesUnordered::new();
    let outer = SPAWNED.replace(Some(Vec::new()));
    let value = pollster::block_on(std::future::poll_fn(|cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(value);
        }
        loop {
            let spawned = SPAWNED.with_borrow_mut(|spawned| spawned.as_mut().map(std::mem::take).unwrap_or_default());
            let none_new = spawned.is_empty();
            tasks.extend(spawned);
            let over = matches!(tasks.poll_next_unpin(cx), Poll::Ready(Some(())));
            if none_new && !over {
                return Poll::Pending;
            }
        }
    }));
    // Dropping tasks may spawn others, which then find nobody to run them.
    drop(SPAWNED.replace(outer));
    drop(tasks);
    value
}
