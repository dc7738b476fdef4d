//! What goes on with a connection once it speaks HTTP no more. It runs in the connection's own task, so that it counts as a
//! connection, and ends with it.

use futures::future::BoxFuture;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

type Task = BoxFuture<'static, ()>;

/// Where a handler leaves what is to be done after an upgrade; an extension of every request that came over a socket.
#[derive(Clone)]
pub(crate) struct AfterHttp(Arc<Mutex<Option<oneshot::Sender<Task>>>>);

impl AfterHttp {
    /// The way in, and what comes out of it: nothing once the last clone is gone.
    pub(crate) fn new() -> (Self, oneshot::Receiver<Task>) {
        let (sender, task) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), task)
    }

    /// Has the connection's task go on with `task`, once: a connection is upgraded once.
    pub(crate) fn go_on_with(&self, task: impl Future<Output = ()> + Send + 'static) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // A connection that was cut meanwhile goes on with nothing.
            let _ = sender.send(Box::pin(task));
        }
    }
}

impl fmt::Debug for AfterHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AfterHttp")
    }
}
