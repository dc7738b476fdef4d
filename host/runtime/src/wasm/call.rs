//! One call in flight: its cancel token, and the guard that resolves it when nobody waits any more.

use super::bindings::types::CancelReason;
use super::control::Control;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The guest's side of a call: travels into the Store with the command and lives until the call is over.
pub(super) struct CallInside {
    cancelled: oneshot::Receiver<CancelReason>,
    in_flight: InFlight,
}

/// Counts a call as in flight until it is dropped, which without `finish` means that the instance ended under it.
pub(super) struct InFlight {
    over: Option<oneshot::Sender<()>>,
    control: Arc<Control>,
}

/// The caller's side. Dropped before the call is over, it tells the guest that the caller is gone; a guest that then
/// goes on past the grace loses its instance.
pub(super) struct CallGuard {
    cancel: Option<oneshot::Sender<CancelReason>>,
    over: Option<oneshot::Receiver<()>>,
    control: Arc<Control>,
}

/// Opens a call and counts it in.
pub(super) fn open(control: &Arc<Control>) -> (CallGuard, CallInside) {
    let (cancel, cancelled) = oneshot::channel();
    let (on_finish, over) = oneshot::channel();
    control.call_begins();
    let in_flight = InFlight { over: Some(on_finish), control: control.clone() };
    let guard = CallGuard { cancel: Some(cancel), over: Some(over), control: control.clone() };
    (guard, CallInside { cancelled, in_flight })
}

impl CallInside {
    /// What the guest's cancel token waits for, and what keeps the call counted. A call that ends unharmed resolves its
    /// token too, so that a guest which still holds it does not keep it for ever.
    pub(super) fn split(self) -> (impl Future<Output = wasmtime::Result<CancelReason>> + Send + 'static, InFlight) {
        let cancelled = self.cancelled;
        let token = async move { wasmtime::error::Ok(cancelled.await.unwrap_or(CancelReason::CallerGone)) };
        (token, self.in_flight)
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
        self.control.call_is_over();
    }
}

impl CallGuard {
    /// Resolves the guest's cancel token with `reason`, unless the call is over.
    pub(super) fn cancel(&mut self, reason: CancelReason) {
        let (Some(cancel), Some(mut over)) = (self.cancel.take(), self.over.take()) else { return };
        if over.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
            // The guest may have dropped its end; it has to finish all the same.
            let _ = cancel.send(reason);
            self.control.watch_abandoned(over);
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
