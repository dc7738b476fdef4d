//! What runs at the server is cancelled there when nobody waits for it any more.

use crate::session::SERVER;
use crate::tls::HostTls;
use tokio_postgres::{CancelToken, Client};
use wellhead_sdk::net::Connection;
use wellhead_sdk::{task, tracing};

/// Something that runs at the server. Dropped before [`over`](Self::over), it is cancelled, by a connection of its own,
/// as the protocol wants it; and the session's connection must go too, because the request may come late and would meet
/// the next statement.
pub(crate) struct Running(Option<(CancelToken, HostTls)>);

impl Running {
    pub(crate) fn on(client: &Client, tls: HostTls) -> Self {
        Self(Some((client.cancel_token(), tls)))
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
        let Some((token, tls)) = self.0.take() else { return };
        // That it comes too late, or not at all, fails nothing: the server ends the statement by its time-out.
        task::spawn(async move {
            let Ok(connection) = Connection::connect(SERVER).await else { return };
            if let Err(error) = token.cancel_query_raw(connection, tls).await {
                tracing::debug!(%error, "a statement could not be cancelled");
            }
        });
    }
}
