//! `wellhead dev`: the author's loop.

use crate::config::LogFilter;
use crate::dev::{self, Options};
use crate::exit::Outcome;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::runtime;

const EXAMPLES: &str = "\
Examples:
  wellhead dev
  wellhead dev my-source --listen 127.0.0.1:3000

dev.toml in the project's folder says which data source the plugin is tried with, and what is asked of it.
While it runs the data source can be asked by others too, at the address it prints; nobody signs in.
In a terminal: r asks again, q ends. Lines that begin with \"log\" are the plugin's own.";

/// Build a plugin, run it, and do so again at every save, showing what changed in its rows
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DevArgs {
    /// Folder of the plugin's project
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Where the HTTP API listens; port 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// What is logged of the plugin and the host: error, warn, info, debug, trace, or directives
    #[arg(long, value_name = "LEVEL", default_value = "warn,wellhead::runtime=off,wellhead::guest=debug")]
    log_level: LogFilter,
}

pub(crate) fn run(args: &DevArgs) -> Result<Outcome> {
    let options = Options { path: args.path.clone(), listen: args.listen, log: args.log_level.clone() };
    let runtime =
        runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the async runtime")?;
    let outcome = runtime.block_on(dev::run(&options));
    // A tool that was told to end may take its time.
    runtime.shutdown_background();
    outcome
}
