//! The server of one data source: what it takes to log in, and the pool of sessions.

use crate::session::Session;
use crate::settings::Settings;
use std::rc::Rc;
use wellhead_sdk::Error;
use wellhead_sql::pool::{Manager, Pool, Pooled};

/// A session that goes back to the pool when it is dropped.
pub(crate) type Lease = Pooled<Login>;

/// The sessions with the server.
pub(crate) type Server = Pool<Login>;

/// What it takes to log in.
#[derive(Clone)]
pub(crate) struct Login(Rc<Credentials>);

struct Credentials {
    settings: Settings,
    password: String,
}

impl Login {
    pub(crate) fn new(settings: Settings, password: String) -> Self {
        Self(Rc::new(Credentials { settings, password }))
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn password(&self) -> &str {
        &self.0.password
    }
}

impl Manager for Login {
    type Connection = Session;

    async fn connect(&self) -> Result<Session, Error> {
        Session::open(self.clone()).await
    }

    async fn check(&self, session: &mut Session) -> Result<(), Error> {
        session.check().await
    }

    fn is_broken(&self, session: &Session) -> bool {
        !session.is_idle() || session.is_ended()
    }

    async fn abandon(session: Session) {
        session.end().await;
    }

    async fn close(&self, session: Session) {
        session.quit().await;
    }
}
