//! A call's cancel token as the guest reads it, and what the host gives up by itself when it resolves.
//!
//! Some languages cannot take back a wait for the host once it has begun: componentize-py 0.25 is one. The requests that
//! such a guest has under way would hold their connections until the upstream answers a question nobody asks any more. So
//! whoever waits on his token has the requests of that call, those of the contract's `fetch`, ended with it.

use super::bindings::types::CancelReason;
use super::state::HostState;
use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use wasmtime::StoreContextMut;
use wasmtime::component::{FutureProducer, GuestTaskId};

/// The calls of an instance that wait on their tokens.
#[derive(Debug, Default)]
pub(super) struct Cancellable(HashMap<GuestTaskId, CancellationToken>);

impl Cancellable {
    /// Cancelled when the call is; none where the call does not wait on its token.
    pub(super) fn of(&self, call: GuestTaskId) -> Option<CancellationToken> {
        self.0.get(&call).cloned()
    }
}

/// The writing end of a cancel token.
pub(super) struct CancelToken {
    cancelled: oneshot::Receiver<CancelReason>,
    /// Whose it is, once somebody waits on it.
    call: Option<GuestTaskId>,
}

impl CancelToken {
    /// Resolves to what is sent. A call that ends unharmed drops the sender, and resolves its token too, so that a guest
    /// which still holds it does not keep it for ever.
    pub(super) fn new(cancelled: oneshot::Receiver<CancelReason>) -> Self {
        Self { cancelled, call: None }
    }
}

impl FutureProducer<HostState> for CancelToken {
    type Item = CancelReason;

    fn poll_produce(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'_, HostState>,
        finish: bool,
    ) -> Poll<wasmtime::Result<Option<CancelReason>>> {
        if self.call.is_none() {
            // The first time it is polled by the guest's own read.
            self.call = store.async_call_stack()?.last();
            if let Some(call) = self.call {
                store.data_mut().cancellable.0.insert(call, CancellationToken::new());
            }
        }
        let resolved = match Pin::new(&mut self.cancelled).poll(cx) {
            Poll::Pending if finish => None,
            Poll::Pending => return Poll::Pending,
            Poll::Ready(reason) => Some(reason),
        };
        let token = self.call.take().and_then(|call| store.data_mut().cancellable.0.remove(&call));
        if let (Some(Ok(_)), Some(token)) = (&resolved, token) {
            token.cancel();
        }
        Poll::Ready(Ok(resolved.map(|reason| reason.unwrap_or(CancelReason::CallerGone))))
    }
}
