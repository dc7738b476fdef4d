//! Live channels from a plugin in the sandbox to the client that Grafana's pages use, over the real server.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may end where something is not as expected"
)]

mod channels;
mod front;
mod lives;
mod websocket;
