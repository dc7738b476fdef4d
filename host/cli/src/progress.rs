//! What a person who waits is told: once something takes longer than a second, what it is and for how long it has gone on.
//! On standard error, and only where that is a terminal; it is gone when the thing is done.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What is over by then needs no words.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the time shown is brought up to date.
const TICK: Duration = Duration::from_millis(100);

/// Shown until it is dropped. Nothing else may be printed meanwhile: it has the last line of the terminal.
#[must_use = "it ends where it is dropped"]
pub(crate) struct Progress {
    /// Dropping it ends the thread.
    goes_on: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Shows `what` once it has taken a second: `Compiling prometheus.wasm`.
pub(crate) fn shown(what: impl Into<String>) -> Progress {
    if !io::stderr().is_terminal() {
        return Progress { goes_on: None, thread: None };
    }
    let what = what.into();
    let (goes_on, is_over) = mpsc::channel::<()>();
    let show = move || {
        if is_over.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        let bar = ProgressBar::new_spinner().with_style(style()).with_message(what).with_elapsed(PATIENCE);
        bar.enable_steady_tick(TICK);
        // Nobody sends: it waits for the other end to be dropped.
        let _ = is_over.recv();
        bar.finish_and_clear();
    };
    // Without the thread there is nothing to see, and nothing else is lost.
    let thread = thread::Builder::new().name("wellhead-progress".into()).spawn(show).ok();
    Progress { goes_on: Some(goes_on), thread }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg} ({elapsed})").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.goes_on.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has shown what it could.
            let _ = thread.join();
        }
    }
}
