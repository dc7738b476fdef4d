//! What a process holds, as Linux tells it, and tokio for this one.

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
    memory("self", "VmRSS:")
}

/// Another process's resident memory in bytes.
///
/// # Errors
/// Where `/proc` cannot be read.
pub fn resident_of(process: u32) -> Result<u64> {
    memory(&process.to_string(), "VmRSS:")
}

/// The most that another process's resident memory was, in bytes, since [`forget_peak_of`] or its start.
///
/// # Errors
/// Where `/proc` cannot be read.
pub fn peak_of(process: u32) -> Result<u64> {
    memory(&process.to_string(), "VmHWM:")
}

/// Has [`peak_of`] begin anew: with what is resident now.
///
/// # Errors
/// Where `/proc` cannot be written, as for processes of others.
pub fn forget_peak_of(process: u32) -> Result<()> {
    // proc(5): 5 resets the peak resident set size.
    fs::write(format!("/proc/{process}/clear_refs"), "5").context("cannot reset the peak of a process's memory")
}

fn memory(process: &str, name: &str) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).context("this measures through Linux's /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let line = line.with_context(|| format!("no {name} in {path}"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().with_context(|| format!("{name} {line}"))?;
    Ok(kilobytes * 1_024)
}

fn entries(folder: &str) -> Result<usize> {
    Ok(fs::read_dir(folder).with_context(|| format!("cannot count {folder}"))?.count())
}
