//! The plugin, natively, before a real WebSocket server: what its channels show, and what becomes of them when the server
//! misbehaves.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do, and JSON that lacks a key reads as null"
)]

mod channels;
mod handshake;
mod lost;
mod publish;
mod rate;
mod shared;
mod support;
