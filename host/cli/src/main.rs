//! The command `wellhead`: a host to start, data sources to ask, frames to look at.
//!
//! It reads arguments and configuration, sets up logging and signals, and prints; all else is the crates' below.

mod answer;
mod api;
mod ask;
mod commands;
mod config;
mod connect;
mod data_folder;
mod data_sources;
mod door;
mod exit;
mod host;
mod http;
mod input;
mod logging;
mod operator_states;
mod output;
mod running;
mod signals;
mod trust;
mod words;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    exit::code(commands::Wellhead::parse().run())
}
