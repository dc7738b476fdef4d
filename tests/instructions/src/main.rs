//! `wellhead-instructions`: the regression gate on what the host's hot paths cost. `make instructions` runs it, and so
//! does `make test`.
//!
//! It has callgrind count the instructions of each path of `wellhead-hot-paths`, and compares them with
//! `baseline.toml`. Over 5 % more fails. Instructions do not depend on who else uses the machine, so that a small change
//! shows in a single run. From run to run they vary: by less than 0.1 % where hash maps are seeded at random, by up to 3 %
//! where tasks wait for one another. So what seems dearer is counted again.
//!
//! Measured: frames (built, written, read, as JSON), a query from its HTTP body to its answer's with sign-in and lookup
//! among many data sources, live channels' names and fan-out, the allow-list of what leaves.
//!
//! Not measured: what WebAssembly costs (callgrind would count the code that wasmtime makes, and how it is made), sockets
//! and TLS, the database's file, the log; what a cache miss, a system call or a lock that is fought over costs in time.
//! `make bench` and `make soak` measure those.
//!
//! A figure holds for one compiler, one C library and one callgrind, which the baseline names. Elsewhere nothing is
//! compared, and that is said. What the C library does with memory is kept to its plainest form, whatever the CPU has.

mod baseline;
mod callgrind;
mod comparison;
mod hot_paths;
mod made_with;

use anyhow::{Context, Result};
use baseline::Baseline;
use callgrind::Callgrind;
use clap::Parser;
use comparison::Comparison;
use hot_paths::{HotPath, HotPaths};
use made_with::MadeWith;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How often a path that seems dearer is counted again, to keep the least: those with many tasks vary by some percent when
/// the machine is busy, and by chance a path takes more than it needs, never less.
const AGAIN: usize = 2;

/// Count the instructions of the host's hot paths, and fail where one takes over 5 % more than its baseline
#[derive(Debug, Parser)]
#[command(name = "wellhead-instructions")]
struct Args {
    /// Paths to look at; without a name all of them
    names: Vec<String>,
    /// Make the figures of this run the baseline: of all paths, or of those that are named
    #[arg(long)]
    write: bool,
    /// Where the baseline is
    #[arg(long, default_value = "tests/instructions/baseline.toml")]
    baseline: PathBuf,
    /// Where callgrind's profiles go, for callgrind_annotate
    #[arg(long, default_value = "target/instructions")]
    profiles: PathBuf,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let callgrind = Callgrind::find(&args.profiles)?;
    let program = HotPaths::beside_this_program()?;
    let paths = program.named(&args.names)?;
    let here = MadeWith::here(callgrind.version()?);
    let mut counted = count(&callgrind, &program, &paths)?;
    let mut out = io::stdout().lock();
    if args.write {
        let others = if args.names.is_empty() { None } else { Baseline::read(&args.baseline)? };
        Baseline::new(here, &counted).with(others)?.write(&args.baseline)?;
        writeln!(out, "{} has the figures of {} hot paths", args.baseline.display(), counted.len())?;
        return Ok(ExitCode::SUCCESS);
    }
    let baseline = Baseline::read(&args.baseline)?;
    let baseline = baseline.with_context(|| format!("there is no {}: {}", args.baseline.display(), baseline::CURE))?;
    let mut comparison = Comparison::new(&baseline, &here, &counted, args.names.is_empty());
    for _ in 0..AGAIN {
        let dearer: Vec<HotPath> =
            counted.iter().filter(|path| comparison.is_dearer(&path.path)).map(|it| it.path.clone()).collect();
        if dearer.is_empty() {
            break;
        }
        for again in count(&callgrind, &program, &dearer)? {
            let same = counted.iter_mut().filter(|first| first.path == again.path);
            same.for_each(|first| first.instructions = first.instructions.min(again.instructions));
        }
        comparison = Comparison::new(&baseline, &here, &counted, args.names.is_empty());
    }
    writeln!(out, "{comparison}")?;
    Ok(if comparison.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A hot path, and the instructions of one repetition.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counted {
    path: HotPath,
    instructions: u64,
}

/// Counts each path in a process of its own, as many at a time as there are cores.
fn count(callgrind: &Callgrind, program: &HotPaths, paths: &[HotPath]) -> Result<Vec<Counted>> {
    let (left, counted) = (Mutex::new(paths.iter().enumerate()), Mutex::new(Vec::new()));
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some((index, path)) = next() {
            let instructions = callgrind.count(program, path).with_context(|| format!("cannot count {}", path.name));
            counted.lock().unwrap_or_else(PoisonError::into_inner).push((index, path.clone(), instructions));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut counted = counted.into_inner().unwrap_or_else(PoisonError::into_inner);
    counted.sort_by_key(|(index, ..)| *index);
    counted.into_iter().map(|(_, path, instructions)| Ok(Counted { path, instructions: instructions? })).collect()
}
