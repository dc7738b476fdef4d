//! What callers and an instance's own task share: the count of calls, the switches that end it, the reason it ended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// Why an instance is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It was told to, or nobody holds it any more.
    Stopped,
    /// The guest trapped or broke a limit; with its last words.
    Crashed(String),
    /// It had to be ended from outside.
    Killed(String),
}

/// Shared between an instance's task and everybody who calls it.
#[derive(Debug)]
pub(crate) struct Control {
    in_flight: AtomicUsize,
    idle: Notify,
    stop: CancellationToken,
    kill: CancellationToken,
    kill_reason: OnceLock<String>,
    exit: watch::Sender<Option<Exit>>,
    cancel_grace: Duration,
    guests: Handle,
}

impl Control {
    pub(super) fn new(cancel_grace: Duration, guests: Handle) -> Arc<Self> {
        Arc::new(Self {
            in_flight: AtomicUsize::new(0),
            idle: Notify::new(),
            stop: CancellationToken::new(),
            kill: CancellationToken::new(),
            kill_reason: OnceLock::new(),
            exit: watch::Sender::new(None),
            cancel_grace,
            guests,
        })
    }

    pub(super) fn call_begins(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn call_is_over(&self) {
        if self.in_flight.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.idle.notify_waiters();
        }
    }

    /// Calls in flight now.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Waits until no call is in flight.
    pub(crate) async fn idle(&self) {
        loop {
            let mut idle = std::pin::pin!(self.idle.notified());
            // Registered before the count is read, so that the last call cannot slip between.
            idle.as_mut().enable();
            if self.in_flight.load(Ordering::Acquire) == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Takes no more calls, finishes those in flight, says `shutdown` to the guest and ends.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    pub(super) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Ends the instance, whatever it is doing, within an epoch tick.
    pub(crate) fn kill(&self, reason: impl Into<String>) {
        let _ = self.kill_reason.set(reason.into());
        self.kill.cancel();
    }

    /// Waits for `kill`, and says why.
    pub(super) async fn killed(&self) -> String {
        self.kill.cancelled().await;
        self.kill_reason.get().cloned().unwrap_or_default()
    }

    /// Says why the instance ended. The first word is the last.
    pub(super) fn ended(&self, exit: Exit) {
        self.exit.send_if_modified(|now| {
            let first = now.is_none();
            if first {
                *now = Some(exit);
            }
            first
        });
    }

    /// Whether it takes no more calls.
    pub(crate) fn is_ending(&self) -> bool {
        self.kill.is_cancelled() || self.stop.is_cancelled() || self.exit.borrow().is_some()
    }

    /// Waits for the instance's end.
    pub(crate) async fn end(&self) -> Exit {
        let mut exit = self.exit.subscribe();
        match exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.clone().unwrap_or(Exit::Stopped),
            Err(_) => Exit::Stopped,
        }
    }

    /// Kills the instance when a canceled call goes on past the grace.
    pub(super) fn watch_abandoned(self: &Arc<Self>, over: oneshot::Receiver<()>) {
        let control = self.clone();
        self.guests.spawn(async move {
            let grace = control.cancel_grace;
            if tokio::time::timeout(grace, over).await.is_err() {
                control.kill(format!("a canceled call went on for more than {grace:?}"));
            }
        });
    }
}
