//! The peer `bare wasmtime`; with `--actor` the one whose Stores are behind channels, with `--interruptible` the one whose
//! code could be stopped, with `--checked` the one whose answers are looked into.

use anyhow::{Context, Result, anyhow, bail};
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use tokio::runtime::Runtime;
use wellhead_peer::{Answer, Call, Hello, Order, Table, serve};
use wellhead_peer_bare::{Actors, Ask, Bare, HostLinker, Instance, Interruptible};

#[derive(Parser)]
struct Args {
    /// The plugin's file.
    #[arg(long)]
    guest: PathBuf,
    /// Where files of this run may be left.
    #[arg(long)]
    scratch: PathBuf,
    /// Through a channel to a task that has the Store.
    #[arg(long)]
    actor: bool,
    /// Compiled so that it could be stopped.
    #[arg(long)]
    interruptible: bool,
    /// Frames are read, and refused where they are not valid.
    #[arg(long, conflicts_with = "actor")]
    checked: bool,
    #[command(subcommand)]
    compile: Option<Compile>,
}

/// What this program starts itself as, so that a compiler's memory is not in its figures.
#[derive(Subcommand)]
enum Compile {
    Compile { code: PathBuf },
}

impl Args {
    fn interruptible(&self) -> Interruptible {
        if self.interruptible { Interruptible::Yes } else { Interruptible::No }
    }
}

struct Peer {
    args: Args,
    io: Runtime,
    loaded: Option<Bare>,
    actors: Option<Actors>,
    /// What an order left idle.
    idle: Vec<(Bare, Vec<Instance>)>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(Compile::Compile { code }) = &args.compile {
        return plain(Bare::precompile(&args.guest, code, args.interruptible()));
    }
    let mut how = "bare wasmtime".to_owned();
    how.push_str(if args.interruptible { ", interruptible" } else { "" });
    how.push_str(if args.checked { ", answers checked" } else { "" });
    how.push_str(if args.actor { ", behind actors" } else { "" });
    let mut cannot =
        vec![("upstream", "its imports do nothing"), ("reload", "it replaces nothing: a first answer is all there is")];
    if !args.actor {
        cannot.push(("sources", "its one Store is the caller's"));
    }
    if args.actor || args.interruptible || args.checked {
        let same = "as plain bare wasmtime";
        cannot.extend([("first-answer", same), ("idle", same)]);
    }
    let hello = Hello {
        name: how,
        built_from: "wasmtime 48".to_owned(),
        cannot: cannot.into_iter().map(|(work, why)| (work.to_owned(), why.to_owned())).collect(),
    };
    let io = Runtime::new().context("no threads")?;
    let mut peer = Peer { args, io, loaded: None, actors: None, idle: Vec::new() };
    serve(&hello, |order| peer.work(order))
}

impl Peer {
    fn work(&mut self, order: Order) -> Result<Answer> {
        self.idle.clear();
        match order {
            Order::Calls { call, calls, in_flight, queries, sources } => {
                self.calls(&asked(&call, queries)?, calls, in_flight, sources)
            }
            Order::FirstAnswer { warm } => self.first_answer(warm),
            Order::Reload { .. } => bail!("it replaces nothing"),
            Order::Idle { plugins, sources } => self.leave_idle(plugins, sources),
        }
    }

    fn calls(&mut self, ask: &Ask, calls: usize, in_flight: usize, sources: usize) -> Result<Answer> {
        let bare = match self.loaded.take() {
            Some(bare) => bare,
            None => self.precompiled()?,
        };
        let bare = self.loaded.insert(bare);
        if !self.args.actor {
            return plain(self.io.block_on(bare.calls(ask, calls, in_flight)));
        }
        let actors = match self.actors.take().filter(|actors| actors.count() == sources) {
            Some(actors) => actors,
            None => plain(self.io.block_on(bare.actors(sources)))?,
        };
        let actors = self.actors.insert(actors);
        plain(self.io.block_on(actors.calls(ask, calls, in_flight)))
    }

    fn first_answer(&mut self, warm: bool) -> Result<Answer> {
        let linker = plain(Bare::linker(self.args.interruptible()))?;
        let code = self.code(0)?;
        let began = Instant::now();
        let bare = plain(if warm { Bare::map(linker, &code) } else { Bare::compile(linker, &self.args.guest) })?;
        let instance = plain(self.io.block_on(bare.answered(&asked(&EMPTY, 1)?)))?;
        let took = began.elapsed();
        drop(instance);
        Ok(Answer::once(took))
    }

    fn leave_idle(&mut self, plugins: usize, sources: usize) -> Result<Answer> {
        let linker = plain(Bare::linker(self.args.interruptible()))?;
        let ask = asked(&EMPTY, 1)?;
        let began = Instant::now();
        for number in 0..plugins {
            let bare = plain(Bare::map(HostLinker::clone(&linker), &self.code(number)?))?;
            let mut instances = Vec::new();
            for _ in 0..sources {
                instances.push(plain(self.io.block_on(bare.answered(&ask)))?);
            }
            self.idle.push((bare, instances));
        }
        Ok(Answer::once(began.elapsed()))
    }

    fn precompiled(&self) -> Result<Bare> {
        let code = self.code(0)?;
        let bare = plain(Bare::linker(self.args.interruptible()).and_then(|linker| Bare::map(linker, &code)))?;
        Ok(if self.args.checked { bare.checked() } else { bare })
    }

    /// The compiled code of one of several plugins: a file of its own each.
    fn code(&self, number: usize) -> Result<PathBuf> {
        let kind = if self.args.interruptible { "interruptible" } else { "plain" };
        let of = |number| self.args.scratch.join(format!("bare-{kind}-{number}.cwasm"));
        let (first, code) = (of(0), of(number));
        if !first.exists() {
            compile_in_child(&self.args, &first)?;
        }
        if !code.exists() {
            std::fs::copy(&first, &code).with_context(|| format!("cannot write {}", code.display()))?;
        }
        Ok(code)
    }
}

const EMPTY: Call = Call::Query { table: Table::Series, rows: 0 };

fn asked(call: &Call, queries: usize) -> Result<Ask> {
    Ok(match call {
        Call::Health => Ask::Health,
        Call::Query { table, rows } => {
            let table = match table {
                Table::Series => "series",
                Table::Mixed => "mixed",
            };
            Ask::Query { model: format!(r#"{{"table":"{table}","rows":{rows}}}"#), queries: queries.max(1) }
        }
        Call::Upstream { .. } => bail!("its imports do nothing"),
    })
}

/// In a process of its own, so that what a compiler leaves in memory is not in this one's figures.
fn compile_in_child(args: &Args, code: &Path) -> Result<()> {
    // Under another name until it is whole: another peer may look for it.
    let draft = code.with_extension(std::process::id().to_string());
    let mut child = Command::new(std::env::current_exe().context("where is this program?")?);
    child.arg("--guest").arg(&args.guest).arg("--scratch").arg(&args.scratch);
    if args.interruptible {
        child.arg("--interruptible");
    }
    child.arg("compile").arg(&draft);
    let status = child.status().context("cannot start this program again")?;
    anyhow::ensure!(status.success(), "{} cannot be compiled: {status}", args.guest.display());
    std::fs::rename(&draft, code).with_context(|| format!("cannot write {}", code.display()))
}

/// wasmtime's errors are not anyhow's.
fn plain<T>(result: wasmtime::Result<T>) -> Result<T> {
    result.map_err(|error| anyhow!("{error:#}"))
}
