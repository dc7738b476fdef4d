//! The plugin, natively, before a real MariaDB: what it answers. What only MySQL does is played by a stand-in.
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
mod hostile;
mod mysql8_stand_in;
mod queries;
mod resources;
mod sessions;
mod stand_in;
mod support;
mod types;
