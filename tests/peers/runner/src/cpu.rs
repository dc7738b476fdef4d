//! CPU time of other processes, to the nanosecond, threads that have ended included.

use anyhow::{Context, Result, ensure};
use std::time::Duration;

/// What a process has used since it began: all its threads, also those that ended.
///
/// # Errors
/// Where there is no such process.
pub fn of_process(pid: u32) -> Result<Duration> {
    let pid = libc::pid_t::try_from(pid).context("no process id")?;
    let mut clock: libc::clockid_t = 0;
    // SAFETY: it writes to `clock`, which is there as long as the call.
    let refused = unsafe { libc::clock_getcpuclockid(pid, &raw mut clock) };
    ensure!(refused == 0, "process {pid} has no CPU clock: {}", std::io::Error::from_raw_os_error(refused));
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes to `time`, which is there as long as the call.
    let failed = unsafe { libc::clock_gettime(clock, &raw mut time) };
    ensure!(failed == 0, "process {pid} is gone: {}", std::io::Error::last_os_error());
    Ok(Duration::new(u64::try_from(time.tv_sec)?, u32::try_from(time.tv_nsec)?))
}

/// What this thread has used.
#[must_use]
pub fn of_this_thread() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_s_time_goes_on_when_a_thread_of_it_has_ended() {
        let before = of_process(std::process::id()).unwrap();
        let spin = || {
            while of_this_thread() < Duration::from_millis(20) {
                std::hint::spin_loop();
            }
        };
        std::thread::spawn(spin).join().unwrap();
        let spent = of_process(std::process::id()).unwrap() - before;
        assert!(spent >= Duration::from_millis(20), "{spent:?}");
    }

    #[test]
    fn a_process_that_is_not_there_has_no_time() {
        // The first that Linux never gives out.
        assert!(of_process(1 << 22).is_err());
    }
}
