//! The server of one data source: sessions with it, lent out and taken back.

use crate::session::Session;
use crate::settings::Settings;
use wellhead_sdk::Error;

/// The server, and what opens sessions with it.
pub(crate) struct Server {
    pub(crate) settings: Settings,
    password: String,
}

impl Server {
    pub(crate) fn new(settings: Settings, password: String) -> Self {
        Self { settings, password }
    }

    pub(crate) async fn lease(&self) -> Result<Session, Error> {
        Session::open(&self.settings, &self.password).await
    }
}
