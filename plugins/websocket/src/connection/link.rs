//! One connection and the channels on it, as both sides see it: channels join, leave and publish; its driver hears of it.

use super::registry::Registry;
use crate::inbox::{Inbox, Outlet};
use crate::query::Query;
use futures::channel::{mpsc, oneshot};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wellhead_sdk::frame::Frame;
use wellhead_sdk::{Error, ErrorSource};

/// What the driver of a connection is asked for.
pub(crate) enum Command {
    /// A channel joined.
    Join(Rc<Member>),
    /// A channel left.
    Leave(Rc<Member>),
    /// Say this, and tell when it is on its way, or why it is not.
    Publish(String, oneshot::Sender<Result<(), Error>>),
    /// End. What is handed over is dropped when that is done.
    Close(oneshot::Sender<()>),
}

/// A channel on a connection.
#[derive(Debug)]
pub(crate) struct Member {
    /// The channel's path.
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) inbox: Inbox,
    /// Whether its messages were sent on the connection there is.
    pub(crate) is_greeted: Cell<bool>,
}

/// A connection, open or being opened.
#[derive(Debug)]
pub(crate) struct Link {
    /// What it asks the endpoint for.
    pub(crate) target: String,
    /// Whether channels may join that did not open it.
    pub(crate) is_shared: bool,
    members: RefCell<Vec<Rc<Member>>>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Link {
    /// A link with its first member, and where its driver hears.
    pub(crate) fn new(
        target: String,
        is_shared: bool,
        first: Rc<Member>,
    ) -> (Rc<Self>, mpsc::UnboundedReceiver<Command>) {
        let (commands, heard) = mpsc::unbounded();
        let members = RefCell::new(vec![first]);
        (Rc::new(Self { target, is_shared, members, commands }), heard)
    }

    /// Adds a channel.
    pub(crate) fn join(&self, member: Rc<Member>) {
        self.members.borrow_mut().push(member.clone());
        self.ask(Command::Join(member));
    }

    fn leave(&self, member: Rc<Member>) {
        self.members.borrow_mut().retain(|other| !Rc::ptr_eq(other, &member));
        self.ask(Command::Leave(member));
    }

    /// The channels on it.
    pub(crate) fn members(&self) -> Vec<Rc<Member>> {
        self.members.borrow().clone()
    }

    /// Whether there is none.
    pub(crate) fn is_deserted(&self) -> bool {
        self.members.borrow().is_empty()
    }

    /// Whether a channel with this path is on it.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.members.borrow().iter().any(|member| member.path == path)
    }

    fn ask(&self, command: Command) {
        // A driver that is gone has told everybody why.
        let _ = self.commands.unbounded_send(command);
    }

    /// Says something to the endpoint.
    ///
    /// # Errors
    /// There is no connection at the moment.
    pub(crate) async fn publish(&self, text: String) -> Result<(), Error> {
        let (tell, told) = oneshot::channel();
        self.ask(Command::Publish(text, tell));
        told.await.unwrap_or_else(|_| Err(not_connected()))
    }

    /// Ends the connection, and waits until that is done.
    pub(crate) async fn close(&self) {
        let (tell, told) = oneshot::channel();
        self.ask(Command::Close(tell));
        let _ = told.await;
    }
}

/// What is said to somebody who publishes while there is no connection.
pub(crate) fn not_connected() -> Error {
    Error::new(
        503,
        ErrorSource::Downstream,
        "there is no connection to the endpoint at the moment: publish again later",
    )
}

/// A channel's place on a connection, given up when dropped.
pub(crate) struct Channel {
    member: Rc<Member>,
    link: Rc<Link>,
    registry: Registry,
    outlet: Outlet,
}

impl Channel {
    pub(crate) fn new(member: Rc<Member>, link: Rc<Link>, registry: Registry) -> Self {
        let outlet = Outlet::new(member.query.frame_interval.0);
        Self { member, link, registry, outlet }
    }

    /// Waits for the next frame.
    ///
    /// # Errors
    /// Why there are no more of them.
    pub(crate) async fn next(&mut self) -> Result<Frame, Error> {
        self.outlet.next(&self.member.inbox).await
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.link.leave(self.member.clone());
        if self.link.is_deserted() {
            self.registry.close_to_new(&self.link);
        }
    }
}
