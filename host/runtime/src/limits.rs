//! The bounds a plugin lives within. Each has a default that suits a shared host.

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
    /// Calls in flight in one instance. Default 256.
    pub calls_in_flight: usize,
    /// Linear memory of one instance, summed over its memories, in bytes. Default 256 MiB.
    pub memory_bytes: usize,
    /// Elements of one table of an instance. Default 100,000: a table element costs the host 8 bytes.
    pub table_elements: usize,
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
    /// Size of a `.wasm` file, in bytes. Default 64 MiB.
    pub wasm_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call_deadline: Duration::from_secs(30),
            drain: Duration::from_secs(45),
            cancel_grace: Duration::from_secs(5),
            configure_deadline: Duration::from_secs(10),
            shutdown_deadline: Duration::from_secs(2),
            calls_in_flight: 256,
            memory_bytes: 256 << 20,
            table_elements: 100_000,
            transfer_bytes: 128 << 20,
            frames: 100_000,
            log_bytes_per_second: 64 << 10,
            metric_series: 1_000,
            cache_bytes: 16 << 20,
            wasm_bytes: 64 << 20,
        }
    }
}
