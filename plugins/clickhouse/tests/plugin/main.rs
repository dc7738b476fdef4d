//! The plugin, natively, before real servers: ClickHouse 18.16, and a current engine where it can be had.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do, and JSON that lacks a key reads as null"
)]

mod bad_input;
mod current;
mod exceptions;
mod health;
mod hostile;
mod modes;
mod old;
mod seeds;
mod support;
