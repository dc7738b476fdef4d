//! How long a session's connection lives. The driver works in a task of its own and goes on after the session is dropped,
//! until the server has said its last word; which a server may put off for ever.

use futures::channel::oneshot;
use futures::future::{AbortHandle, FutureExt, Shared, abortable};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio_postgres::Connection;
use tokio_postgres::error::{DbError, Severity};
use wellhead_sdk::{Error, task, tracing};

use crate::error;
use crate::way::Way;

/// The life of one connection. Clones are of the same.
#[derive(Clone)]
pub(crate) struct Life {
    driver: AbortHandle,
    ended: Shared<oneshot::Receiver<()>>,
    cause: Rc<RefCell<Option<Error>>>,
    /// The server has said its last word; that it has hung up is seen later.
    is_over: Rc<Cell<bool>>,
}

impl Life {
    /// Has the driver work.
    pub(crate) fn begin(driver: Connection<Way, Way>) -> Self {
        let (driver, handle) = abortable(driver);
        let (over, ended) = oneshot::channel::<()>();
        let life = Self { driver: handle, ended: ended.shared(), cause: Rc::default(), is_over: Rc::default() };
        let cause = Rc::clone(&life.cause);
        task::spawn(async move {
            if let Ok(Err(error)) = driver.await {
                tracing::debug!(%error, "a connection to the server ended");
                cause.replace(Some(error::of_way(&error)));
            }
            drop(over);
        });
        life
    }

    /// Waits for the end, however it comes.
    pub(crate) async fn ended(&self) {
        let _ = self.ended.clone().await;
    }

    /// Ends the connection, whatever the server has still to say.
    pub(crate) fn end(&self) {
        self.driver.abort();
    }

    /// Why it ended, where it broke. The driver tells it to nobody else.
    pub(crate) fn cause(&self) -> Option<Error> {
        self.cause.borrow().clone()
    }

    /// Hears what the server says no with: after what is fatal nothing comes any more.
    pub(crate) fn heed(&self, error: &tokio_postgres::Error) {
        let severity = error.as_db_error().and_then(DbError::parsed_severity);
        if matches!(severity, Some(Severity::Fatal | Severity::Panic)) {
            self.is_over.set(true);
        }
    }

    /// Whether the server has said that it is.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Leaves the server some time for its last word, then ends the connection.
    pub(crate) fn end_within(&self, patience: Duration) {
        let life = self.clone();
        task::spawn(async move {
            let _ = task::timeout(patience, life.ended()).await;
            life.end();
        });
    }
}
