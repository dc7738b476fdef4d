//! The real imports: the contract's `log`, `metrics` and `cache`, and WASI 0.3 clocks.

use std::future::Future;
use std::time::Duration;

use wasip3::clocks::{monotonic_clock, system_clock};
use wellhead_frame::Timestamp;

use super::{LogLevel, MetricKind};
use crate::glue::bindings::datasource::wellhead::plugin;

pub(crate) fn log(level: LogLevel, target: &str, message: &str, fields: &[(String, String)]) {
    let level = match level {
        LogLevel::Trace => plugin::log::Level::Trace,
        LogLevel::Debug => plugin::log::Level::Debug,
        LogLevel::Info => plugin::log::Level::Info,
        LogLevel::Warn => plugin::log::Level::Warn,
        LogLevel::Error => plugin::log::Level::Error,
    };
    plugin::log::write(level, target, message, fields);
}

pub(crate) fn metric(kind: MetricKind, name: &str, value: f64, labels: &[(&str, &str)]) {
    let labels: Vec<(String, String)> = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    match kind {
        MetricKind::Add => plugin::metrics::add(name, value, &labels),
        MetricKind::Set => plugin::metrics::set(name, value, &labels),
        MetricKind::Observe => plugin::metrics::observe(name, value, &labels),
    }
}

pub(crate) fn cache_get(key: &str) -> Option<Vec<u8>> {
    plugin::cache::get(key)
}

pub(crate) fn cache_set(key: &str, value: &[u8], ttl_ms: u32) {
    plugin::cache::set(key, value, ttl_ms);
}

pub(crate) fn cache_delete(key: &str) {
    plugin::cache::delete(key);
}

pub(crate) fn now() -> Timestamp {
    let now = system_clock::now();
    Timestamp::from_nanos(now.seconds.saturating_mul(1_000_000_000).saturating_add(now.nanoseconds.into()))
}

pub(crate) fn monotonic() -> Duration {
    Duration::from_nanos(monotonic_clock::now())
}

pub(crate) async fn sleep(how_long: Duration) {
    monotonic_clock::wait_for(u64::try_from(how_long.as_nanos()).unwrap_or(u64::MAX)).await;
}

pub(crate) async fn yield_now() {
    wit_bindgen::yield_async().await;
}

pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) {
    // A dropped handle detaches the task; it does not cancel it.
    drop(wit_bindgen::spawn_local(future));
}
