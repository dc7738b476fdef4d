//! A server under test in a process of its own: it says its port on standard output, and does something for each line
//! that it gets on standard input.

use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

pub(crate) struct Server {
    process: Child,
    input: ChildStdin,
    pub(crate) port: u16,
}

impl Server {
    /// Starts this program as `role`.
    pub(crate) fn start(role: &str) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the server")?;
        let input = process.stdin.take().context("the server has no input")?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("the server has no output")?).read_line(&mut line)?;
        let port = line.trim().parse().with_context(|| format!("the server said {line:?} in the place of its port"))?;
        Ok(Self { process, input, port })
    }

    /// Has it do its part once.
    pub(crate) fn go(&mut self) -> Result<()> {
        Ok(self.input.write_all(b"\n")?)
    }

    /// CPU time it has used, from proc(5).
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // Fields 14 and 15; the second field, in parentheses, may hold anything.
        let (_, after) = stat.rsplit_once(')').context("no fields")?;
        let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        // A tick is a hundredth of a second in every process's eyes.
        Ok(Duration::from_millis(ticks.saturating_mul(10)))
    }

    /// Its resident memory, in KiB.
    pub(crate) fn resident(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In the server: waits for the next line; false at the end.
pub(crate) fn told() -> Result<bool> {
    let mut line = String::new();
    Ok(std::io::stdin().lock().read_line(&mut line)? > 0)
}
