//! What runs at the server is killed there when nobody waits for it any more.

use crate::server::Server;
use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::rc::Rc;
use std::time::Duration;
use wellhead_sdk::{RequestContext, task, tracing};
use wellhead_sql::Dialect;

/// How long killing may take.
const BUDGET: Duration = Duration::from_secs(10);
/// A query that is not there may not have begun: it is looked for again, so often and with such pauses.
const LOOKS: usize = 4;
const PAUSE: Duration = Duration::from_millis(200);

/// Names for queries that no other instance gives.
#[derive(Debug)]
pub(crate) struct QueryIds {
    instance: u64,
    next: Cell<u64>,
}

impl Default for QueryIds {
    fn default() -> Self {
        // The keys of a new state are random.
        Self { instance: RandomState::new().build_hasher().finish(), next: Cell::new(0) }
    }
}

impl QueryIds {
    pub(crate) fn next(&self) -> String {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        format!("wellhead-{:016x}-{number}", self.instance)
    }
}

/// A query that is with the server. Dropped before [`over`](Self::over), it is killed.
#[derive(Debug)]
pub(crate) struct Running {
    server: Rc<Server>,
    id: Option<String>,
}

impl Running {
    pub(crate) fn new(server: &Rc<Server>, id: String) -> Self {
        Self { server: Rc::clone(server), id: Some(id) }
    }

    /// Its name at the server; empty where it is over.
    pub(crate) fn id(&self) -> String {
        self.id.clone().unwrap_or_default()
    }

    /// The server has said its last word on it.
    pub(crate) fn over(&mut self) {
        self.id = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let server = Rc::clone(&self.server);
        // That it comes too late, or not at all, fails nothing: the server ends the query by its own time limit.
        task::spawn(async move {
            if let Err(error) = kill(&server, &id).await {
                tracing::debug!(%error, "a query could not be killed");
            }
        });
    }
}

async fn kill(server: &Server, id: &str) -> Result<(), wellhead_sdk::Error> {
    let ctx = RequestContext::new(0, BUDGET);
    let sql = format!("KILL QUERY WHERE query_id = {} ASYNC", Dialect::ClickHouse.quote_string(id));
    for look in 0..LOOKS {
        if look > 0 {
            task::sleep(PAUSE).await;
        }
        // A row for each query that was found.
        if !server.command(&ctx, &sql).await?.trim().is_empty() {
            break;
        }
    }
    Ok(())
}
