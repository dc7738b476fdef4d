//! What runs at the server is cancelled there when nobody waits for it any more.

use crate::session::SERVER;
use crate::tls::HostTls;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio_postgres::CancelToken;
use wellhead_sdk::net::Connection;
use wellhead_sdk::{task, tracing};

/// How often a statement is cancelled that goes on all the same. After that its time-out ends it.
const TRIES: u32 = 8;
/// Until the second try; twice as long each time.
const PAUSE: Duration = Duration::from_millis(50);

/// How to cancel what runs on a session.
#[derive(Clone)]
pub(crate) struct Canceller {
    pub(crate) token: CancelToken,
    pub(crate) tls: HostTls,
    /// True once the session's connection has ended.
    pub(crate) ended: Rc<Cell<bool>>,
}

impl Canceller {
    /// Asks the server until it has ended the session. A request may come too early: it overtakes the statement, which is
    /// on its way by another connection, and finds nothing to cancel.
    async fn cancel(self) {
        let mut pause = PAUSE;
        for _ in 0..TRIES {
            // A connection of its own, as the protocol wants it.
            let sent = match Connection::connect(SERVER).await {
                Ok(connection) => self.token.cancel_query_raw(connection, self.tls).await.map_err(|e| e.to_string()),
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = sent {
                tracing::debug!(error, "a statement could not be cancelled");
            }
            task::sleep(pause).await;
            if self.ended.get() {
                return;
            }
            pause *= 2;
        }
    }
}

/// Something that runs at the server. Dropped before [`over`](Self::over), it is cancelled; and the session must go too,
/// because the request may come late and would meet the next statement.
pub(crate) struct Running(Option<Canceller>);

impl Running {
    pub(crate) fn on(canceller: &Canceller) -> Self {
        Self(Some(canceller.clone()))
    }

    /// The server has said its last word on it.
    pub(crate) fn over(&mut self) {
        self.0 = None;
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.is_none()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(canceller) = self.0.take() {
            task::spawn(canceller.cancel());
        }
    }
}
