//! Where figures about this process come from. Those that a system does not tell are `None`.

use std::time::Duration;
use wellhead::Wellhead;

/// The counter of guests' CPU time, in seconds; a line for each data source.
const GUEST_CPU: &str = "wellhead_plugin_guest_cpu_seconds_total{";

/// CPU time so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cpu {
    /// Of guests alone.
    pub(super) guest: Duration,
    /// Of the whole process, guests among it.
    pub(super) process: Duration,
}

impl Cpu {
    pub(super) fn now(wellhead: &Wellhead) -> Self {
        let mut metrics = String::new();
        wellhead.encode_metrics(&mut metrics);
        Self { guest: Duration::from_secs_f64(guest_seconds(&metrics)), process: process_cpu() }
    }

    /// What was used since `before`.
    pub(super) fn since(self, before: Self) -> Self {
        Self { guest: self.guest.saturating_sub(before.guest), process: self.process.saturating_sub(before.process) }
    }

    /// What was not the guests'.
    pub(super) fn host(self) -> Duration {
        self.process.saturating_sub(self.guest)
    }
}

fn guest_seconds(metrics: &str) -> f64 {
    let lines = metrics.lines().filter(|line| line.starts_with(GUEST_CPU));
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    values.filter(|value| value.is_finite() && *value > 0.0).sum()
}

#[cfg(unix)]
fn process_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(not(unix))]
fn process_cpu() -> Duration {
    Duration::ZERO
}

/// Bytes of this process that are in memory.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_cpu_is_summed_over_data_sources() {
        let metrics = "# TYPE wellhead_plugin_guest_cpu_seconds counter\n\
            wellhead_plugin_guest_cpu_seconds_total{plugin=\"p\",org=\"1\",uid=\"a b\"} 0.5\n\
            wellhead_plugin_guest_cpu_seconds_total{plugin=\"p\",org=\"1\",uid=\"b\"} 0.25\n\
            wellhead_plugin_instances{plugin=\"p\"} 7\n";
        assert!((guest_seconds(metrics) - 0.75).abs() < 1e-9);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_in_memory_and_has_used_a_cpu() {
        assert!(resident_bytes().unwrap() > 100_000);
        assert!(process_cpu() > Duration::ZERO);
    }
}
