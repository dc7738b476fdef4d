//! What this process holds, as Linux and tokio tell it.

use anyhow::{Context, Result};
use std::fs;
use std::time::Duration;
use tokio::runtime::Handle;

/// How long samples are taken for one measurement.
const SAMPLES: u32 = 50;
/// Between two of them.
const APART: Duration = Duration::from_millis(20);

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Resident memory in bytes: the median.
    pub memory: u64,
    /// Threads: the fewest.
    pub threads: usize,
    /// Open files: the fewest.
    pub files: usize,
    /// Tasks of the tokio runtime that this is called in: the fewest.
    pub tasks: usize,
}

impl Held {
    /// Measures for a second, because memory goes up and down and tasks come and go.
    ///
    /// # Errors
    /// Where `/proc` cannot be read.
    pub async fn now() -> Result<Self> {
        let mut memory = Vec::new();
        let mut fewest = Self { memory: 0, threads: usize::MAX, files: usize::MAX, tasks: usize::MAX };
        for _ in 0..SAMPLES {
            memory.push(resident()?);
            fewest.threads = fewest.threads.min(entries("/proc/self/task")?);
            fewest.files = fewest.files.min(entries("/proc/self/fd")?);
            fewest.tasks = fewest.tasks.min(Handle::current().metrics().num_alive_tasks());
            tokio::time::sleep(APART).await;
        }
        memory.sort_unstable();
        let memory = memory.get(memory.len() / 2).copied().unwrap_or_default();
        Ok(Self { memory, ..fewest })
    }
}

/// Resident memory in bytes.
///
/// # Errors
/// Where `/proc` cannot be read.
pub fn resident() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("this measures through Linux's /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in /proc/self/status")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().context("VmRSS is no number")?;
    Ok(kilobytes * 1_024)
}

fn entries(folder: &str) -> Result<usize> {
    Ok(fs::read_dir(folder).with_context(|| format!("cannot count {folder}"))?.count())
}
