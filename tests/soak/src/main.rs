//! `wellhead-soak`: runs the scenarios one after the other, each in a process of its own, and prints what was seen.

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use std::io::{self, Write};
use std::process::{Command, ExitCode};
use wellhead_soak::{Report, data_sources, large_answer, reload, watchdog};

/// Measure what the host promises about load and misbehaving plugins; fail where a promise is broken
#[derive(Debug, Parser)]
#[command(name = "wellhead-soak")]
struct Args {
    #[command(flatten)]
    reload: reload::Options,
    /// One of them only. Without a name all run, and those that follow the first do not count its memory
    #[command(subcommand)]
    scenario: Option<Scenario>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Scenario {
    /// A plugin replaced under full load
    Reload,
    /// A thousand data sources of one plugin
    DataSources,
    /// Guests that spin
    Watchdog,
    /// Ten million rows of a real PostgreSQL through the real server; wants `wellhead` beside this program
    LargeAnswer,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let kept = match args.scenario {
        Some(scenario) => one(scenario, args.reload)?,
        None => all()?,
    };
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether every promise was kept.
fn one(scenario: Scenario, options: reload::Options) -> Result<bool> {
    let io = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report: Report = io.block_on(async {
        match scenario {
            Scenario::Reload => reload::run(options).await,
            Scenario::DataSources => data_sources::run().await,
            Scenario::Watchdog => watchdog::run().await,
            Scenario::LargeAnswer => large_answer::run().await,
        }
    })?;
    writeln!(io::stdout(), "{report}")?;
    Ok(report.broken().is_empty())
}

fn all() -> Result<bool> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut kept = true;
    for scenario in ["reload", "data-sources", "watchdog", "large-answer"] {
        // Options come before the scenario's name.
        let ended = Command::new(&program).args(std::env::args_os().skip(1)).arg(scenario).status();
        kept &= ended.with_context(|| format!("cannot start {}", program.display()))?.success();
    }
    Ok(kept)
}
