//! What every store does, and what only a store on disk has to prove: crashes, full disks, backups.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that meets the unexpected ends there, in helpers too, and a killed one speaks on stdout"
)]

mod cached;
mod command;
mod conformance;
mod crash;
mod database;
mod feed;
mod model;
mod process;
mod races;
mod reopening;
mod secrets;
mod support;
