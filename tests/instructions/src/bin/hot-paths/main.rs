//! `wellhead-hot-paths`: runs one hot path of the host so often that callgrind can count it. `wellhead-instructions`
//! starts it; by hand it is of use to look at a path with any profiler.
//!
//! A path is prepared and run a few times before it counts: what is made once (settings, caches, buffers of the
//! allocator) is made then. What counts is what [`counted`] calls, on this thread. So nothing here may hand its work to
//! another thread: tokio has one, and results are small enough that the server writes them where it is.

mod egress;
mod frames;
mod host;
mod live;
mod path;
mod queries;
mod tables;

use anyhow::{Context, Result, bail};
use path::{HotPath, Repeat};
use std::io::{self, Write};

/// So often a path runs before it counts.
const WARM_UP: u32 = 3;

fn all() -> impl Iterator<Item = &'static HotPath> {
    [frames::PATHS, queries::PATHS, live::PATHS, egress::PATHS].into_iter().flatten()
}

/// Callgrind collects from where this begins to where it ends, and knows it by its name.
#[inline(never)]
fn counted(repeat: &mut Repeat, repetitions: u32) -> Result<()> {
    for _ in 0..repetitions {
        repeat()?;
    }
    Ok(())
}

fn run(name: &str) -> Result<()> {
    let path = all().find(|path| path.name == name);
    let path = path.with_context(|| format!("no hot path is called {name:?}: `wellhead-hot-paths list` names them"))?;
    let mut repeat = (path.prepare)()?;
    for _ in 0..WARM_UP {
        repeat()?;
    }
    counted(&mut repeat, path.repetitions)
}

/// A line a path: its name, how often it is repeated, what one repetition is.
fn list() -> Result<()> {
    let mut out = io::stdout().lock();
    for HotPath { name, repetitions, repetition, .. } in all() {
        writeln!(out, "{name}\t{repetitions}\t{repetition}")?;
    }
    Ok(())
}

fn main() -> Result<()> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["list"] => list(),
        ["run", name] => run(name).with_context(|| format!("hot path {name}")),
        _ => bail!("usage: wellhead-hot-paths list | run NAME"),
    }
}
