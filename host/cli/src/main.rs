//! The command `wellhead`: a host to start, data sources to ask, frames to look at.
//!
//! It reads arguments and configuration, sets up logging and signals, and prints; all else is the crates' below.

mod answer;
mod ask;
mod bench;
mod client;
mod commands;
mod config;
mod dev;
mod exit;
mod host;
mod input;
mod logging;
mod output;
mod progress;
mod project;
mod secret;
mod signals;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::code(commands::Wellhead::parse().run())
}
