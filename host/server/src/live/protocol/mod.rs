//! The Centrifuge protocol, version 2, in JSON, as the npm package `centrifuge` speaks it: what a client's message says,
//! and how answers and pushes are written. What comes of a command is not known here.
//!
//! A message holds commands, one a line; a reply or a push is a message of its own. Names and codes are those of
//! <https://github.com/centrifugal/protocol> and of the server library `centrifuge`.

mod code;
mod command;
mod reply;

pub(super) use code::{Disconnect, ReplyError, unsubscribe_code};
pub(super) use command::{Command, Commands, Request};
pub(super) use reply::{PING, Reply, publication, unsubscribed};
