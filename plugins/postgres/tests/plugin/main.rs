//! The plugin, natively, before a real PostgreSQL: what it answers.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do, and JSON that lacks a key reads as null"
)]

mod bad_input;
mod errors;
mod goldens;
mod health;
mod queries;
mod resources;
mod sessions;
mod support;
mod types;
