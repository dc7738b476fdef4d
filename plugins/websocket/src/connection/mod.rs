//! Connections to the endpoint, each with the channels that share it. A connection lives while a channel is on it: it is
//! opened for the first, opened again when it is lost, and closed after the last.

mod backoff;
mod conversation;
mod driver;
mod failure;
mod handshake;
mod link;
mod registry;
mod wire;

pub(crate) use link::Channel;

use crate::inbox::Inbox;
use crate::mapping::Budget;
use crate::query::Query;
use crate::settings::Settings;
use driver::Driver;
use failure::Failure;
use link::{Link, Member, not_connected};
use registry::Registry;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use wellhead_sdk::{Error, task};

/// What an instance that ends waits for its connections' goodbyes.
const LAST_WORD: Duration = Duration::from_secs(3);

/// All connections of a data source.
#[derive(Debug)]
pub(crate) struct Connections {
    settings: Rc<Settings>,
    registry: Registry,
    budget: Budget,
}

impl Connections {
    pub(crate) fn new(settings: Rc<Settings>) -> Self {
        Self { settings, registry: Registry::default(), budget: Budget::default() }
    }

    /// Puts a channel on a connection: one that is there, where it may share, or a new one.
    ///
    /// # Errors
    /// A path that is none.
    pub(crate) fn join(&self, path: &str, query: Query) -> Result<Channel, Error> {
        let target = self.settings.address.target(&query.path)?;
        let inbox = Inbox::new(&query, self.budget.clone());
        let is_shared = query.share_connection;
        let member = Rc::new(Member { path: path.to_owned(), query, inbox, is_greeted: Cell::new(false) });
        let found = if is_shared { self.registry.shared(&target) } else { None };
        let link = match found {
            Some(link) => {
                link.join(member.clone());
                link
            }
            None => {
                let (link, heard) = Link::new(target, is_shared, member.clone());
                self.registry.add(link.clone());
                let driver = Driver::new(self.settings.clone(), link.clone(), self.registry.clone(), heard);
                task::spawn(driver.drive());
                link
            }
        };
        Ok(Channel::new(member, link, self.registry.clone()))
    }

    /// Says something on the connection of the channel with this path.
    ///
    /// # Errors
    /// Nobody is subscribed to it, or there is no connection.
    pub(crate) async fn publish(&self, path: &str, text: String) -> Result<(), Error> {
        match self.registry.with_channel(path) {
            Some(link) => link.publish(text).await,
            None => Err(not_connected().context(format_args!("nobody is subscribed to channel {path:?}"))),
        }
    }

    /// Connects, speaks the handshake, and takes leave. Answers with the URL.
    ///
    /// # Errors
    /// Why that cannot be done.
    pub(crate) async fn check(&self, path: &str) -> Result<String, Error> {
        let target = self.settings.address.target(path)?;
        let socket = handshake::open(&self.settings, &target).await.map_err(|Failure { error, .. }| error)?;
        socket.close(CloseCode::Normal).await;
        Ok(self.settings.address.url(&target))
    }

    /// Closes all.
    pub(crate) async fn close(&self) {
        let links = self.registry.all();
        let all = task::join_all(usize::MAX, links.iter().map(|link| link.close()));
        // The host ends what is not done by itself then.
        let _ = task::timeout(LAST_WORD, all).await;
    }
}
