//! The bounds a plugin lives within. Each has a default that suits a shared host, and most can be set for one plugin or
//! one data source.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Limits of every instance of a runtime. The defaults are the documented ones; builders change what they must.
///
/// ```
/// use std::time::Duration;
/// use wellhead_runtime::Limits;
///
/// let limits = Limits { call_deadline: Duration::from_secs(5), ..Limits::default() };
/// assert_eq!(limits.memory_bytes, 256 << 20);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest time a call may take, streamed pieces included. Default 30 s.
    pub call_deadline: Duration,
    /// How long a plugin that is stopped may finish its calls in flight. Default 45 s; never below the call deadline.
    pub drain: Duration,
    /// How long a call may go on after its cancel token resolved before its instance is killed. Default 5 s.
    pub cancel_grace: Duration,
    /// Longest time `configure` may take. Default 10 s.
    pub configure_deadline: Duration,
    /// Longest time `shutdown` may take. Default 2 s.
    pub shutdown_deadline: Duration,
    /// CPU time the guest may use for one call; calls in flight at the same time share what their instance uses.
    /// Default 10 s. As much is allowed between two calls, and to an instance's streams, which count as one call together,
    /// between two of their frames, or in a minute without any.
    pub guest_cpu: Duration,
    /// Calls in flight in one instance. Default 256.
    pub calls_in_flight: usize,
    /// Instances of one data source that compute side by side. Default: the number of cores.
    pub replicas: usize,
    /// How long a data source may go without a call before its instances are let go. Default 15 min.
    pub idle_after: Duration,
    /// Crashes of one data source's instances within `crash_window` after which it is quarantined. Default 5.
    pub crashes: usize,
    /// The time in which crashes are counted. Default 60 s.
    pub crash_window: Duration,
    /// Linear memory of one instance, summed over its memories, in bytes. Default 256 MiB.
    pub memory_bytes: usize,
    /// Elements of an instance's tables, summed. Default 100,000: a table element costs the host 8 bytes.
    pub table_elements: usize,
    /// Component-model handles alive in one instance: resources, futures, streams, tasks. Default 10,000.
    pub handles: usize,
    /// Bytes one transfer out of a guest may allocate on the host. Default 128 MiB: a reply's small frames together;
    /// larger results come in pieces. Exceeding it ends the instance.
    pub transfer_bytes: usize,
    /// Frames of one reply, whole ones and streamed ones together. Default 100,000.
    pub frames: usize,
    /// Log text one instance may write, in bytes a second. Default 64 KiB.
    pub log_bytes_per_second: usize,
    /// Metric series of one data source. Default 1,000.
    pub metric_series: usize,
    /// Size of one data source's guest cache, in bytes. Default 16 MiB.
    pub cache_bytes: usize,
    /// Byte connections (the contract's `net`) that one data source's instances have open together. Default 32.
    pub connections: usize,
    /// Live channels of one data source that are fed at the same time. Default 100.
    pub streams: usize,
    /// Size of a `.wasm` file, in bytes. Default 64 MiB. Of the whole runtime.
    pub wasm_bytes: usize,
    /// Instances alive at once. Default 2,000: each takes some seven memory maps, of which Linux allows a process
    /// 65,530. Of the whole runtime.
    pub live_instances: usize,
    /// Longest time one component may take to compile, where that is done in a child process. Default 120 s. Of the
    /// whole runtime.
    pub compile_deadline: Duration,
    /// Address space a child process that compiles may use, in bytes. Default 2 GiB. Of the whole runtime.
    pub compile_memory_bytes: usize,
    /// Size of the folder of compiled code, in bytes: what was used longest ago is removed first. Default 2 GiB. Of
    /// the whole runtime.
    pub compile_cache_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call_deadline: Duration::from_secs(30),
            drain: Duration::from_secs(45),
            cancel_grace: Duration::from_secs(5),
            configure_deadline: Duration::from_secs(10),
            shutdown_deadline: Duration::from_secs(2),
            guest_cpu: Duration::from_secs(10),
            calls_in_flight: 256,
            replicas: std::thread::available_parallelism().map_or(1, usize::from),
            idle_after: Duration::from_secs(15 * 60),
            crashes: 5,
            crash_window: Duration::from_secs(60),
            memory_bytes: 256 << 20,
            table_elements: 100_000,
            handles: 10_000,
            transfer_bytes: 128 << 20,
            frames: 100_000,
            log_bytes_per_second: 64 << 10,
            metric_series: 1_000,
            cache_bytes: 16 << 20,
            connections: 32,
            streams: 100,
            wasm_bytes: 64 << 20,
            live_instances: 2_000,
            compile_deadline: Duration::from_secs(120),
            compile_memory_bytes: 2 << 30,
            compile_cache_bytes: 2 << 30,
        }
    }
}

/// What one plugin, or one data source, is allowed instead. What is `None` stays as it is.
///
/// ```
/// use wellhead_runtime::{LimitOverrides, Limits};
///
/// let heavy = LimitOverrides { memory_bytes: Some(1 << 30), ..LimitOverrides::default() };
/// assert_eq!(heavy.over(&Limits::default()).memory_bytes, 1 << 30);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitOverrides {
    /// [`Limits::call_deadline`].
    pub call_deadline: Option<Duration>,
    /// [`Limits::drain`].
    pub drain: Option<Duration>,
    /// [`Limits::cancel_grace`].
    pub cancel_grace: Option<Duration>,
    /// [`Limits::configure_deadline`].
    pub configure_deadline: Option<Duration>,
    /// [`Limits::guest_cpu`].
    pub guest_cpu: Option<Duration>,
    /// [`Limits::calls_in_flight`].
    pub calls_in_flight: Option<usize>,
    /// [`Limits::replicas`].
    pub replicas: Option<usize>,
    /// [`Limits::idle_after`].
    pub idle_after: Option<Duration>,
    /// [`Limits::crashes`].
    pub crashes: Option<usize>,
    /// [`Limits::crash_window`].
    pub crash_window: Option<Duration>,
    /// [`Limits::memory_bytes`].
    pub memory_bytes: Option<usize>,
    /// [`Limits::table_elements`].
    pub table_elements: Option<usize>,
    /// [`Limits::handles`].
    pub handles: Option<usize>,
    /// [`Limits::transfer_bytes`].
    pub transfer_bytes: Option<usize>,
    /// [`Limits::frames`].
    pub frames: Option<usize>,
    /// [`Limits::log_bytes_per_second`].
    pub log_bytes_per_second: Option<usize>,
    /// [`Limits::metric_series`].
    pub metric_series: Option<usize>,
    /// [`Limits::cache_bytes`].
    pub cache_bytes: Option<usize>,
    /// [`Limits::connections`].
    pub connections: Option<usize>,
    /// [`Limits::streams`].
    pub streams: Option<usize>,
}

impl LimitOverrides {
    /// `limits` with what is set here in their place.
    #[must_use]
    pub fn over(&self, limits: &Limits) -> Limits {
        let Limits { shutdown_deadline, wasm_bytes, live_instances, .. } = *limits;
        let Limits { compile_deadline, compile_memory_bytes, compile_cache_bytes, .. } = *limits;
        Limits {
            call_deadline: self.call_deadline.unwrap_or(limits.call_deadline),
            drain: self.drain.unwrap_or(limits.drain),
            cancel_grace: self.cancel_grace.unwrap_or(limits.cancel_grace),
            configure_deadline: self.configure_deadline.unwrap_or(limits.configure_deadline),
            shutdown_deadline,
            guest_cpu: self.guest_cpu.unwrap_or(limits.guest_cpu),
            calls_in_flight: self.calls_in_flight.unwrap_or(limits.calls_in_flight),
            replicas: self.replicas.unwrap_or(limits.replicas),
            idle_after: self.idle_after.unwrap_or(limits.idle_after),
            crashes: self.crashes.unwrap_or(limits.crashes),
            crash_window: self.crash_window.unwrap_or(limits.crash_window),
            memory_bytes: self.memory_bytes.unwrap_or(limits.memory_bytes),
            table_elements: self.table_elements.unwrap_or(limits.table_elements),
            handles: self.handles.unwrap_or(limits.handles),
            transfer_bytes: self.transfer_bytes.unwrap_or(limits.transfer_bytes),
            frames: self.frames.unwrap_or(limits.frames),
            log_bytes_per_second: self.log_bytes_per_second.unwrap_or(limits.log_bytes_per_second),
            metric_series: self.metric_series.unwrap_or(limits.metric_series),
            cache_bytes: self.cache_bytes.unwrap_or(limits.cache_bytes),
            connections: self.connections.unwrap_or(limits.connections),
            streams: self.streams.unwrap_or(limits.streams),
            wasm_bytes,
            live_instances,
            compile_deadline,
            compile_memory_bytes,
            compile_cache_bytes,
        }
    }
}

/// Which limits hold for whom: a data source's over its plugin's over everybody's.
#[derive(Clone, Debug, Default)]
pub(crate) struct LimitBook {
    pub(crate) all: Arc<Limits>,
    pub(crate) plugins: HashMap<String, LimitOverrides>,
    pub(crate) data_sources: HashMap<(i64, String), LimitOverrides>,
}

impl LimitBook {
    /// A drain never ends before the longest call may.
    pub(crate) fn of(&self, plugin_id: &str, org_id: i64, uid: &str) -> Arc<Limits> {
        let plugin = self.plugins.get(plugin_id);
        let source = self.data_sources.get(&(org_id, uid.to_owned()));
        if plugin.is_none() && source.is_none() {
            return self.all.clone();
        }
        let mut limits = Limits::clone(&self.all);
        for overrides in [plugin, source].into_iter().flatten() {
            limits = overrides.over(&limits);
        }
        limits.drain = limits.drain.max(limits.call_deadline);
        Arc::new(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_sources_limits_win_over_its_plugins_and_those_over_everybodys() {
        let seconds = Duration::from_secs;
        let book = LimitBook {
            all: Arc::default(),
            plugins: HashMap::from([(
                "p".to_owned(),
                LimitOverrides { memory_bytes: Some(1), call_deadline: Some(seconds(90)), ..Default::default() },
            )]),
            data_sources: HashMap::from([(
                (1, "a".to_owned()),
                LimitOverrides { memory_bytes: Some(2), ..Default::default() },
            )]),
        };
        let limits = book.of("p", 1, "a");
        assert_eq!((limits.memory_bytes, limits.call_deadline), (2, seconds(90)));
        assert_eq!(limits.drain, seconds(90), "never below the call deadline");
        assert_eq!(book.of("p", 2, "a").memory_bytes, 1, "another org's data source");
        assert_eq!(*book.of("q", 1, "b"), Limits::default());
    }
}
