//! Memory of other processes, as Linux tells it.
//!
//! What is held is PSS: of a page that several processes map, each has its share. A sum over a host and its children
//! then counts the program they share once, as the machine does; resident memory (RSS) would count it once a process.
//! Peaks are RSS, of which alone the kernel keeps the most.

use anyhow::{Context, Result};
use std::fs;

/// A process's share of the memory it maps, in bytes.
///
/// # Errors
/// Where there is no such process.
pub fn held_by(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let rollup = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    bytes_in(&rollup, "Pss:").with_context(|| format!("no Pss in {path}"))
}

/// A process's resident memory, in bytes.
///
/// # Errors
/// Where there is no such process.
pub fn resident_of(pid: u32) -> Result<u64> {
    status(pid, "VmRSS:")
}

/// The most that was, since [`forget_peak_of`] or its start.
///
/// # Errors
/// Where there is no such process.
pub fn peak_of(pid: u32) -> Result<u64> {
    status(pid, "VmHWM:")
}

/// Has [`peak_of`] begin anew, with what is resident now.
///
/// # Errors
/// Where there is no such process, or it is another user's.
pub fn forget_peak_of(pid: u32) -> Result<()> {
    // proc(5): 5 resets the peak resident set size.
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("cannot reset the peak of a process's memory")
}

fn status(pid: u32, name: &str) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    bytes_in(&status, name).with_context(|| format!("no {name} in {path}"))
}

/// The value of `name`, which is in kB.
fn bytes_in(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_whole_name() {
        let rollup = "55d5-7ffd ---p 00000000 00:00 0 [rollup]\nRss:                1844 kB\nPss:                 512 kB\n\
                      Pss_Dirty:           300 kB\nVmHWM:\t    2048 kB\n";
        assert_eq!(bytes_in(rollup, "Pss:"), Some(512 << 10));
        assert_eq!(bytes_in(rollup, "VmHWM:"), Some(2 << 20));
        assert_eq!(bytes_in(rollup, "Swap:"), None);
    }

    #[test]
    fn a_peak_is_forgotten_and_comes_again() {
        let me = std::process::id();
        // Where nobody can tell, the compiler leaves out what is never read.
        let touched = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(peak_of(me).unwrap() >= 64 << 20);
        drop(touched);
        forget_peak_of(me).unwrap();
        let forgotten = peak_of(me).unwrap();
        // Where nobody can tell, the compiler leaves out what is never read.
        let touched = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(peak_of(me).unwrap() >= forgotten + (48 << 20), "{} bytes", touched.len());
        assert!(held_by(me).unwrap() <= resident_of(me).unwrap() + (1 << 20));
    }
}
