//! The machine that figures are of, and how busy it was.

use serde::Serialize;
use std::fs;
use std::process::Command;

/// What a reader of the figures wants to know of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// As the processor calls itself.
    pub cpu: String,
    /// That this process may use.
    pub cores: usize,
    /// Memory in bytes.
    pub memory: Option<u64>,
    /// Linux's release.
    pub kernel: String,
    /// What the peers were compiled with.
    pub rustc: String,
    /// Load averages of 1, 5 and 15 minutes before the first round.
    pub load_before: String,
    /// And after the last.
    pub load_after: String,
}

impl Machine {
    /// This one, now.
    #[must_use]
    pub fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let rustc = Command::new("rustc").arg("--version").output();
        let load = load();
        Self {
            cpu: cpu_of(&read("/proc/cpuinfo")).unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: memory_of(&read("/proc/meminfo")),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: rustc
                .map_or_else(|_| "unknown".to_owned(), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned()),
            load_before: load.clone(),
            load_after: load,
        }
    }
}

/// Load averages of 1, 5 and 15 minutes.
#[must_use]
pub fn load() -> String {
    let line = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    line.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

fn cpu_of(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start().strip_prefix(':')?.trim())
}

fn memory_of(meminfo: &str) -> Option<u64> {
    let value = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_and_its_memory_are_named() {
        let cpuinfo = "processor\t: 0\nmodel\t\t: 143\nmodel name\t: Intel(R) Xeon(R) Processor @ 2.70GHz\n";
        assert_eq!(cpu_of(cpuinfo), Some("Intel(R) Xeon(R) Processor @ 2.70GHz"));
        assert_eq!(memory_of("MemTotal:       24689764 kB\nMemFree: 1 kB\n"), Some(24_689_764 << 10));
        assert_eq!((cpu_of(""), memory_of("")), (None, None));
    }
}
