//! The server of one data source: what it takes to log in, and the pool of sessions.

use crate::session::Session;
use crate::settings::Settings;
use wellhead_sdk::Error;
use wellhead_sql::pool::{Manager, Pool, Pooled};

/// A session that goes back to the pool when it is dropped.
pub(crate) type Lease = Pooled<Login>;

/// The sessions with the server.
pub(crate) type Server = Pool<Login>;

/// What it takes to log in.
pub(crate) struct Login {
    pub(crate) settings: Settings,
    pub(crate) password: String,
}

impl Manager for Login {
    type Connection = Session;

    async fn connect(&self) -> Result<Session, Error> {
        Session::open(&self.settings, &self.password).await
    }

    async fn check(&self, session: &mut Session) -> Result<(), Error> {
        session.check().await
    }

    async fn abandon(session: Session) {
        session.end().await;
    }

    async fn close(&self, session: Session) {
        session.end().await;
    }

    fn is_broken(&self, session: &Session) -> bool {
        session.is_closed()
    }
}
