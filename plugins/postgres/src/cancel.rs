//! What runs at the server is cancelled there when nobody waits for it any more.

use crate::error;
use crate::life::Life;
use crate::session::SERVER;
use crate::way::{HostTls, Way};
use std::time::Duration;
use tokio_postgres::CancelToken;
use wellhead_sdk::net::Connection;
use wellhead_sdk::{Error, task, tracing};

/// How long it is tried. After that the statement's time-out ends it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one try may take.
const TRY: Duration = Duration::from_secs(3);
/// Until the second try; twice as long each time, up to the longest.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How to cancel what runs on a session.
#[derive(Clone)]
pub(crate) struct Canceller {
    pub(crate) token: CancelToken,
    pub(crate) tls: HostTls,
    pub(crate) life: Life,
}

impl Canceller {
    /// Asks the server until it has ended the session. A request may come too early: it overtakes the statement, which is
    /// on its way by another connection, and finds nothing to cancel.
    async fn cancel(self) {
        let cancelling = async {
            let mut pause = PAUSE;
            loop {
                match task::timeout(TRY, self.ask()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) | Err(error) => tracing::debug!(%error, "a statement could not be cancelled"),
                }
                if task::timeout(pause, self.life.ended()).await.is_ok() {
                    return;
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        };
        let _ = task::timeout(PATIENCE, cancelling).await;
    }

    /// Asks once, by a connection of its own, as the protocol wants it.
    async fn ask(&self) -> Result<(), Error> {
        let way = Way::new(Connection::connect(SERVER).await?, self.tls);
        self.token.cancel_query_raw(way, self.tls).await.map_err(|error| error::of_way(&error))
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

    /// It failed. Unless the server itself says so, the way broke, or the server does not keep to the protocol: then there
    /// is nothing to wait for, and the answer is why, where it is known.
    pub(crate) fn failed(&mut self, error: &tokio_postgres::Error) -> Option<Error> {
        let life = self.0.take()?.life;
        life.heed(error);
        if error.as_db_error().is_some() {
            return None;
        }
        life.end();
        life.cause()
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
