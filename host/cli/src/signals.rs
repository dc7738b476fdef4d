//! How a host is told to end: SIGTERM or SIGINT. The first asks it to finish what is under way, the second does not wait.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end a host, caught from now on.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next one: its name, and the exit code that a shell expects of a process it ended.
    async fn next(&mut self) -> (&'static str, i32) {
        tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", 128 + SignalKind::terminate().as_raw_value()),
            _ = self.interrupt.recv() => ("SIGINT", 128 + SignalKind::interrupt().as_raw_value()),
        }
    }

    /// Waits for the first signal.
    pub(crate) async fn first(mut self) {
        self.next().await;
    }

    /// Waits for the first signal; from then on the next one ends the process at once.
    pub(crate) async fn drain(mut self) {
        let (name, _) = self.next().await;
        tracing::info!(signal = name, "draining: finishing what is under way; a second signal ends it at once");
        tokio::spawn(async move {
            let (name, code) = self.next().await;
            tracing::warn!(signal = name, "ending at once; calls under way are lost");
            std::process::exit(code);
        });
    }
}
