//! `bench-peers`: runs it all, writes it down, prints it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what a bench is for")]

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wellhead_bench_peers::aims::{self, Aim};
use wellhead_bench_peers::bench::{Options, slots};
use wellhead_bench_peers::figures::{Figures, Missing};
use wellhead_bench_peers::machine::{self, Machine};
use wellhead_bench_peers::works::Work;
use wellhead_bench_peers::{http, tables};

/// Runs the peers on the same work, in turns, and writes how they compare.
#[derive(Parser)]
struct Args {
    /// Rounds of each figure.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Short rounds, and no table of a million rows: to see that all of it runs.
    #[arg(long)]
    quick: bool,
    /// These works alone; all, where none is named.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Work>,
    /// The folder of cargo's builds, and of what this writes.
    #[arg(long, default_value = "target")]
    target: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    machine: &'a Machine,
    rounds: usize,
    aims: &'a [Aim],
    figures: &'a Figures,
    missing: &'a [Missing],
}

fn main() -> Result<()> {
    let called: Vec<String> = std::env::args().collect();
    if let [_, role, format, table, rows] = called.as_slice()
        && role == http::bare::ROLE
    {
        return http::bare::serve(format, table, rows);
    }
    run(&Args::parse())
}

fn run(args: &Args) -> Result<()> {
    let target = args.target.canonicalize().with_context(|| format!("no folder {}", args.target.display()))?;
    let scratch = tempfile::tempdir_in(&target).context("no folder for files of this run")?;
    let options = Options {
        rounds: args.rounds.max(1),
        target: Duration::from_millis(if args.quick { 60 } else { 400 }),
        quick: args.quick,
        target_folder: target.clone(),
        scratch: scratch.path().to_owned(),
    };
    let mut machine = Machine::this();
    let (mut slots, mut figures) = (slots(&options), Figures::default());
    for work in Work::value_variants().iter().filter(|work| args.only.is_empty() || args.only.contains(work)) {
        eprintln!("{work:?}");
        if let Err(error) = work.run(&options, &mut slots, &mut figures) {
            figures.miss("", &format!("{work:?}"), "the runner", format!("{error:#}"));
        }
    }
    machine.load_after = machine::load();
    let aims = aims::all(&figures);
    let page = tables::page(&machine, options.rounds, &figures, &aims);
    let report = Report {
        machine: &machine,
        rounds: options.rounds,
        aims: &aims,
        figures: &figures,
        missing: figures.missing(),
    };
    write(&target.join("peers.md"), page.as_bytes())?;
    write(&target.join("peers.json"), &serde_json::to_vec_pretty(&report)?)?;
    println!("{page}");
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
