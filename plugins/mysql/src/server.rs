//! The server of one data source, and the pool of sessions with it.

use crate::session::Session;
use crate::settings::Settings;
use std::cell::Cell;
use std::rc::Rc;
use wellhead_sdk::{Error, task};
use wellhead_sql::pool::{Manager, Pool, PoolConfig, Pooled};

/// A session that goes back to the pool when it is dropped.
pub(crate) type Lease = Pooled<Login>;

/// The server, and the sessions with it.
pub(crate) struct Server {
    pool: Pool<Login>,
    is_maintained: Cell<bool>,
}

impl Server {
    pub(crate) fn new(login: Login, config: PoolConfig) -> Self {
        Self { pool: Pool::new(login, config), is_maintained: Cell::new(false) }
    }

    /// A session that nobody else has.
    pub(crate) async fn lease(&self) -> Result<Lease, Error> {
        if !self.is_maintained.replace(true) {
            task::spawn(self.pool.maintain());
        }
        self.pool.acquire().await
    }

    /// Closes all sessions.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

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
        !session.is_idle()
    }

    async fn close(&self, session: Session) {
        session.quit().await;
    }
}
