//! What the host pays: panics of its own tasks, memory at its highest.

use std::fs;
use std::sync::{Mutex, Once};

static WATCHING: Once = Once::new();
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Begins to note panics of threads that are not tests. The tests' own fail the tests.
pub(super) fn watch_for_panics() {
    WATCHING.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            let name = thread.name().unwrap_or_default();
            if name.starts_with("wellhead-") || name.starts_with("tokio-") {
                PANICS.lock().unwrap().push(format!("{name}: {panic}"));
            }
            before(panic);
        }));
    });
}

/// Panics noted since the last time, by any table.
pub(super) fn panics() -> Vec<String> {
    std::mem::take(&mut PANICS.lock().unwrap())
}

/// Resident memory of this process in MiB: now, and at its highest since [`forget_peak`]. Other tests share it.
pub(super) fn memory_mib() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().split(' ').next()?.parse::<u64>().ok()
    };
    (of("VmRSS:").unwrap_or_default() / 1024, of("VmHWM:").unwrap_or_default() / 1024)
}

/// Lets the highest begin anew, where the system lets it.
pub(super) fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}
