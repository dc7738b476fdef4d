//! Live channels from a plugin in the sandbox to the client that Grafana's pages use, over the real server.

#![expect(clippy::indexing_slicing, reason = "a document without a key has null in its place")]

mod channels;
mod front;
mod lives;
mod websocket;
