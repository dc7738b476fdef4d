//! The plugin in front of stubbed servers: what it asks, and what it makes of their answers.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do, and JSON that lacks a key reads as null"
)]

mod frames;
mod requests;
mod resources;
mod support;
