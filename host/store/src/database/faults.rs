//! Failures of the file system on purpose, for tests: at a step of the work on one path, whichever thread does it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Longer than anything is held, by far.
const PATIENCE: Duration = Duration::from_secs(60);

/// What fails, or is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The bytes of a copy.
    Copy,
    /// Giving a file its name.
    Name,
    /// Making that name last.
    SyncFolder,
    /// Opening a file after it failed.
    OpenAgain,
}

static FAILING: Mutex<Vec<(Step, PathBuf)>> = Mutex::new(Vec::new());
static HELD: Mutex<Vec<(Step, PathBuf)>> = Mutex::new(Vec::new());
static LET_GO: Condvar = Condvar::new();

/// The next `step` at `path` is an error.
pub(super) fn fail(step: Step, path: &Path) {
    FAILING.lock().unwrap().push((step, path.to_owned()));
}

/// Every `step` at `path` waits until the answer is dropped.
pub(super) fn hold(step: Step, path: &Path) -> Held {
    HELD.lock().unwrap().push((step, path.to_owned()));
    Held(step, path.to_owned())
}

pub(super) struct Held(Step, PathBuf);

impl Drop for Held {
    fn drop(&mut self) {
        HELD.lock().unwrap_or_else(PoisonError::into_inner).retain(|held| (held.0, &held.1) != (self.0, &self.1));
        LET_GO.notify_all();
    }
}

/// What `step` at `path` is to meet now.
pub(super) fn strike(step: Step, path: &Path) -> io::Result<()> {
    let here = |(other, at): &(Step, PathBuf)| *other == step && at == path;
    let held = HELD.lock().unwrap();
    let (held, waited) = LET_GO.wait_timeout_while(held, PATIENCE, |held| held.iter().any(here)).unwrap();
    drop(held);
    assert!(!waited.timed_out(), "{step:?} was held for too long");
    let mut failing = FAILING.lock().unwrap();
    let Some(at) = failing.iter().position(here) else { return Ok(()) };
    failing.remove(at);
    Err(io::Error::other(format!("{step:?} failed on purpose")))
}
