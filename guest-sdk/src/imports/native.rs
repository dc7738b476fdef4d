//! Stand-ins for tests of plugin code outside a host: a cache that keeps everything for its thread, clocks of the
//! operating system, metrics that go nowhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wellhead_frame::Timestamp;

use super::MetricKind;

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

/// Natively there is no task that outlives its call: runs it to its first wait and drops it there.
pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) {
    let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
}
