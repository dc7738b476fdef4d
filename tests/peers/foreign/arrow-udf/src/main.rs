//! The peer `arrow-udf`: Arrow through wasm, RisingWave's. Functions of a guest (`../arrow-udf-guest`) that are given a row
//! and give a table, in the runtime's own exchange of record batches.
//!
//! Tuned in its favour: the guest exports functions that make a table in one batch (see there); the runtime keeps
//! instances between calls, one of which runs one call at a time, and threads, as many as there are cores, take from it;
//! after a compiler has run, its memory is given back to the system.
//!
//! What comes to the host is a record batch. The others' is Arrow IPC, so it is made of that: with `--batches` it is not,
//! and the difference is what that part costs. Bytes are those of the IPC in both cases.
//!
//! What is not as with the others: there are no settings; a data source is a clone of the runtime, which shares its code and
//! has instances of its own; there are no queries in a request: they are calls by turns, and a call that has several is over
//! when the last one is. Compiled code cannot be kept: every start compiles. It has no way out, so it asks no upstream.

mod asked;

use anyhow::{Context, Result, bail};
use arrow_udf_runtime::wasm::Runtime;
use asked::{Asked, NO_WAY_OUT};
use peer_blocking::{Files, cores, drive, replace};
use std::fs;
use std::path::Path;
use std::time::Instant;
use wellhead_peer::{Answer, Call, Hello, Order, Table, serve};

const COMPILES: &str = "it cannot keep compiled code: every start compiles";

fn main() -> Result<()> {
    let batches = std::env::args().any(|argument| argument == "--batches");
    let cannot = [("upstream", NO_WAY_OUT), ("first-answer-warm", COMPILES), ("reload-warm", COMPILES)];
    let hello = Hello {
        name: if batches { "arrow-udf, to record batches" } else { "arrow-udf" }.to_owned(),
        built_from: "arrow-udf-runtime 0.10 on wasmtime 36".to_owned(),
        cannot: cannot.map(|(work, why)| (work.to_owned(), why.to_owned())).into(),
    };
    let mut peer =
        Peer { files: Files::new("peer_arrow_udf_guest.wasm")?, batches, loaded: Vec::new(), idle: Vec::new() };
    serve(&hello, |order| peer.work(order))
}

struct Peer {
    files: Files,
    /// Whether batches are left as they came.
    batches: bool,
    /// What calls go to: one for each data source.
    loaded: Vec<Runtime>,
    /// What an order left idle.
    idle: Vec<Runtime>,
}

const EMPTY: Call = Call::Query { table: Table::Series, rows: 0 };

impl Peer {
    fn work(&mut self, order: Order) -> Result<Answer> {
        self.idle.clear();
        match order {
            Order::Calls { call, calls, in_flight, queries, sources } => {
                self.calls(&call, calls, in_flight, queries.max(1), sources.max(1))
            }
            Order::FirstAnswer { warm: true } | Order::Reload { warm: true } => bail!(COMPILES),
            Order::FirstAnswer { warm: false } => self.first_answer(),
            Order::Reload { warm: false } => self.reload(),
            Order::Idle { plugins, sources } => self.leave_idle(plugins, sources),
        }
    }

    fn calls(&mut self, call: &Call, calls: usize, in_flight: usize, queries: usize, sources: usize) -> Result<Answer> {
        if self.loaded.is_empty() {
            self.loaded.push(load(self.files.guest())?);
            give_back();
        }
        let first = self.loaded.first().context("nothing is loaded")?.clone();
        self.loaded.resize(sources, first);
        let mut asked = Asked::new(self.loaded.first().context("nothing is loaded")?, call, self.batches)?;
        let threads = in_flight.min(cores()).max(1);
        for runtime in &self.loaded {
            asked.check(runtime)?;
        }
        let answer = drive(calls, threads, |number| {
            let mut bytes = 0;
            for query in 0..queries {
                let source = (number * queries + query) % sources;
                bytes += asked.ask(self.loaded.get(source).context("no data source")?)?;
            }
            Ok(bytes)
        })?;
        Ok(Answer { in_flight: (threads < in_flight).then_some(threads), ..answer })
    }

    fn first_answer(&self) -> Result<Answer> {
        let began = Instant::now();
        let runtime = load(self.files.guest())?;
        Asked::new(&runtime, &EMPTY, self.batches)?.ask(&runtime)?;
        let took = began.elapsed();
        give_back();
        Ok(Answer::once(took))
    }

    fn reload(&self) -> Result<Answer> {
        let folder = self.files.empty_folder()?;
        let (file, next) = (folder.path().join("plugin.wasm"), self.files.unseen()?);
        fs::copy(self.files.guest(), &file).context("cannot write the plugin's file")?;
        let mut runtime = load(&file)?;
        Asked::new(&runtime, &EMPTY, self.batches)?.check(&runtime)?;
        let began = Instant::now();
        replace(&file, &next)?;
        runtime = load(&file)?;
        Asked::new(&runtime, &EMPTY, self.batches)?.ask(&runtime)?;
        let took = began.elapsed();
        give_back();
        Ok(Answer::once(took))
    }

    fn leave_idle(&mut self, plugins: usize, sources: usize) -> Result<Answer> {
        self.loaded.clear();
        let folder = self.files.empty_folder()?;
        let files = (0..plugins).map(|number| {
            let file = folder.path().join(format!("{number}.wasm"));
            replace(&file, &self.files.marked(&format!("idle {number}"))?)?;
            Ok(file)
        });
        let files = files.collect::<Result<Vec<_>>>()?;
        let began = Instant::now();
        for file in files {
            let runtime = load(&file)?;
            let asked = Asked::new(&runtime, &EMPTY, self.batches)?;
            for _ in 0..sources {
                let source = runtime.clone();
                asked.ask(&source)?;
                self.idle.push(source);
            }
        }
        give_back();
        Ok(Answer::once(began.elapsed()))
    }
}

fn load(file: &Path) -> Result<Runtime> {
    let wasm = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Runtime::new(&wasm).with_context(|| format!("{} cannot be compiled", file.display()))
}

/// Gives what a compiler left in this process back to the system.
fn give_back() {
    // SAFETY: it takes no pointer and may be called at any time.
    unsafe { libc::malloc_trim(0) };
}
