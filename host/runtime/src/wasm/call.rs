//! One call in flight: its cancel token, the guard that resolves it when nobody waits any more, its deadline.

use super::bindings::types::CancelReason;
use super::cancel_token::CancelToken;
use super::control::{CallId, Control};
use super::deadlines::{Deadlines, Elapsed};
use super::instance::Instance;
use crate::{PluginError, SecretValues};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use wellhead_frame::FrameReader;

/// How long a call whose reply went missing waits for its instance to say that it ended.
pub(super) const END_IS_NEAR: Duration = Duration::from_secs(1);

/// How a call ends that nobody waits for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its cancel token says so.
    Call,
    /// The contract gives it no token: it goes on until it is done, or its deadline passes.
    Untold,
    /// Its cancel token says so, and nothing else ends it: it has no deadline once it has begun.
    Stream,
}

/// The guest's side of a call: travels into the Store with the command and lives until the call is over.
pub(super) struct CallInside {
    cancelled: oneshot::Receiver<CancelReason>,
    in_flight: InFlight,
}

/// Counts a call as in flight until it is dropped, which without `finish` means that the instance ended under it.
pub(super) struct InFlight {
    id: CallId,
    over: Option<oneshot::Sender<()>>,
    control: Arc<Control>,
}

/// The caller's side. Dropped before the call is over, it tells the guest that the caller is gone; a guest that then
/// goes on past the grace loses its instance.
pub(super) struct CallGuard {
    pub(super) id: CallId,
    kind: Kind,
    deadline: Instant,
    cancel: Option<oneshot::Sender<CancelReason>>,
    over: Option<oneshot::Receiver<()>>,
    control: Arc<Control>,
}

/// Opens a call and counts it in.
pub(super) fn open(control: &Arc<Control>, kind: Kind, deadline: Instant) -> (CallGuard, CallInside) {
    let (cancel, cancelled) = oneshot::channel();
    let (on_finish, over) = oneshot::channel();
    let id = control.call_begins(kind);
    let in_flight = InFlight { id, over: Some(on_finish), control: control.clone() };
    let guard = CallGuard { id, kind, deadline, cancel: Some(cancel), over: Some(over), control: control.clone() };
    (guard, CallInside { cancelled, in_flight })
}

impl CallInside {
    /// The guest's cancel token, and what keeps the call counted.
    pub(super) fn split(self) -> (CancelToken, InFlight) {
        (CancelToken::new(self.cancelled), self.in_flight)
    }
}

impl InFlight {
    /// The call is over, its streams included, and nothing is missing.
    pub(super) fn finish(mut self) {
        if let Some(over) = self.over.take() {
            // A caller that no longer listens has gone.
            let _ = over.send(());
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.control.call_is_over(self.id);
    }
}

impl CallGuard {
    /// Resolves the guest's cancel token with `reason`, unless the call is over.
    pub(super) fn cancel(&mut self, reason: CancelReason) {
        let (Some(cancel), Some(mut over)) = (self.cancel.take(), self.over.take()) else { return };
        if over.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
            // The guest may have dropped its end; it has to finish all the same.
            let _ = cancel.send(reason);
            match (self.kind, reason) {
                // Its instance ends by the drain deadline, and calls beside it may go on until then.
                (_, CancelReason::Draining) => {}
                (Kind::Untold, CancelReason::CallerGone) => self.control.watch_forgotten(over, self.deadline),
                _ => self.control.watch_abandoned(over, reason == CancelReason::Deadline),
            }
        }
    }

    /// Resolves when the call is over: to an error where the instance ended under it.
    pub(super) fn over(&mut self) -> impl Future<Output = Result<(), oneshot::error::RecvError>> + use<> {
        let over = self.over.take();
        async move {
            match over {
                Some(over) => over.await,
                None => Ok(()),
            }
        }
    }

    /// The whole answer is there: nothing to cancel.
    pub(super) fn finish(mut self) {
        self.cancel = None;
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.cancel(CancelReason::CallerGone);
    }
}

/// A call whose head was answered and whose stream may still run.
pub(super) struct Call {
    pub(super) guard: CallGuard,
    pub(super) deadline: Instant,
    pub(super) after: Duration,
    /// Kept alive while its streams run.
    pub(super) instance: Arc<Instance>,
    pub(super) deadlines: Arc<Deadlines>,
}

impl Call {
    /// Frames its answer may have.
    pub(super) fn most_frames(&self) -> usize {
        self.instance.control().limits().frames
    }

    /// Reads the frames of its answer.
    pub(super) fn frames(&self) -> Arc<FrameReader> {
        self.instance.frames().clone()
    }

    /// Waits for `work`, until the call's deadline at most.
    ///
    /// The clock is asked first: work that is always ready, such as a stream faster than its reader, has an end too.
    pub(super) async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        if Instant::now() >= self.deadline {
            return Err(Elapsed);
        }
        self.deadlines.within(self.deadline, work).await
    }

    /// After a stream's end: an error where it ended because the instance did.
    pub(super) async fn clean_end(mut self, plugin_id: &str, secrets: &SecretValues) -> Result<(), PluginError> {
        let over = self.guard.over();
        let plugin_id = plugin_id.to_owned();
        // A stream is long past the deadline it began under.
        let deadline = self.deadline.max(Instant::now() + END_IS_NEAR);
        match self.deadlines.within(deadline, over).await {
            Ok(Ok(())) => {
                self.guard.finish();
                Ok(())
            }
            Ok(Err(_)) => {
                let exit = tokio::time::timeout(END_IS_NEAR, self.instance.control().end()).await;
                let reason = exit.map_or_else(|_| "the call ended early".into(), |exit| exit.to_string());
                let reason = secrets.redact(reason);
                Err(PluginError::RequestFailure { plugin_id, reason })
            }
            Err(Elapsed) => Err(PluginError::Timeout { plugin_id, after: self.after }),
        }
    }
}
