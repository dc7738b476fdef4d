//! The peer `extism`: the best-known framework for plugins in wasm. JSON in, Arrow IPC bytes out, a guest of its PDK
//! (`../extism-guest`).
//!
//! Tuned in its favour: a plugin is compiled once and made many times of that ([`CompiledPlugin`]), with wasmtime's cache
//! behind it; where several calls are asked for at once, extism's own [`Pool`](extism::Pool) is filled beforehand, since a
//! plugin runs one call at a time, and threads, as many as there are cores, take from it; of those that wait for an
//! upstream as many as are asked for, each with a plugin of its own: one instance, as others have, would answer one after
//! the other. A host that "has nothing of this plugin" has extism's kernel compiled. A reload is told to it: extism
//! watches no folder.
//!
//! What is not as with the others: a data source is a plugin of its own, with settings in its input, because extism's own
//! configuration is part of what is compiled; nothing is shared between requests, and there are no queries in a request:
//! they are calls by turns, and a call that has several is over when the last one is; HTTP is extism's, which blocks, and
//! makes a connection for every request. Bytes are copied out of the plugin's memory, as they must be before it is given
//! back.
//!
//! wasmtime 49, on which extism 1.41 stands, says that it wants Rust 1.96. It is built with 1.95 and
//! `--ignore-rust-version`, and compiles.

mod host;

use anyhow::{Context, Result, ensure};
use host::{Host, Loaded};
use peer_blocking::{Files, cores, drive, replace};
use std::time::Instant;
use wellhead_peer::{Answer, Call, Hello, Order, Table, serve};
use wellhead_peer_table::{mixed, series};

fn main() -> Result<()> {
    let hello = Hello {
        name: "extism".to_owned(),
        built_from: "extism 1.41 on wasmtime 49 (with Rust 1.95, which it says is too old)".to_owned(),
        cannot: Vec::new(),
    };
    let mut peer = Peer { files: Files::new("peer_extism_guest.wasm")?, loaded: None, idle: Vec::new() };
    serve(&hello, |order| peer.work(order))
}

struct Peer {
    files: Files,
    /// What calls go to.
    loaded: Option<Loaded>,
    /// What an order left idle: plugins, with those made of them.
    idle: Vec<Vec<extism::Plugin>>,
}

/// Where compiled code is.
const CACHE: &str = "extism-cache";

const EMPTY: Call = Call::Query { table: Table::Series, rows: 0 };

impl Peer {
    fn work(&mut self, order: Order) -> Result<Answer> {
        self.idle.clear();
        match order {
            Order::Calls { call, calls, in_flight, queries, sources } => {
                self.calls(&Asked::new(&call)?, calls, in_flight, queries.max(1), sources.max(1))
            }
            Order::FirstAnswer { warm } => self.first_answer(warm),
            Order::Reload { warm } => self.reload(warm),
            Order::Idle { plugins, sources } => self.leave_idle(plugins, sources),
        }
    }

    fn calls(
        &mut self,
        asked: &Asked,
        calls: usize,
        in_flight: usize,
        queries: usize,
        sources: usize,
    ) -> Result<Answer> {
        let threads = if asked.waits { in_flight } else { in_flight.min(cores()) }.max(1);
        let loaded = match self.loaded.take() {
            Some(loaded) if loaded.has(sources, threads) => loaded,
            _ => {
                let loaded = Host::new(&self.files.kept(CACHE)?)?.load(self.files.guest())?.pooled(sources, threads);
                let health = Asked::new(&Call::Health)?;
                loaded.all(|plugin| health.check(plugin))?;
                loaded
            }
        };
        let loaded = self.loaded.insert(loaded);
        loaded.with(0, |plugin| asked.check(plugin))?;
        let answer = drive(calls, threads, |number| {
            let mut bytes = 0;
            for query in 0..queries {
                bytes += loaded.with(number * queries + query, |plugin| asked.ask(plugin))?;
            }
            Ok(bytes)
        })?;
        Ok(Answer { in_flight: (threads < in_flight).then_some(threads), ..answer })
    }

    fn first_answer(&self, warm: bool) -> Result<Answer> {
        let (asked, guest) = (Asked::new(&EMPTY)?, self.files.guest());
        let cold = self.files.empty_folder()?;
        let host = if warm { Host::new(&self.files.kept(CACHE)?)? } else { Host::new(cold.path())? };
        if warm {
            asked.check(&mut host.load(guest)?.plugin()?)?;
        }
        let began = Instant::now();
        let mut plugin = host.load(guest)?.plugin()?;
        asked.ask(&mut plugin)?;
        Ok(Answer::once(began.elapsed()))
    }

    fn reload(&self, warm: bool) -> Result<Answer> {
        let asked = Asked::new(&EMPTY)?;
        let folder = self.files.empty_folder()?;
        let (file, next) = (folder.path().join("plugin.wasm"), self.files.unseen()?);
        let host = if warm { Host::new(&self.files.kept(CACHE)?)? } else { Host::new(folder.path())? };
        if warm {
            let elsewhere = folder.path().join("elsewhere.wasm");
            replace(&elsewhere, &next)?;
            host.load(&elsewhere)?;
        }
        std::fs::copy(self.files.guest(), &file).context("cannot write the plugin's file")?;
        let mut plugin = host.load(&file)?.plugin()?;
        asked.check(&mut plugin)?;
        let began = Instant::now();
        replace(&file, &next)?;
        plugin = host.load(&file)?.plugin()?;
        asked.ask(&mut plugin)?;
        Ok(Answer::once(began.elapsed()))
    }

    fn leave_idle(&mut self, plugins: usize, sources: usize) -> Result<Answer> {
        self.loaded = None;
        let asked = Asked::new(&EMPTY)?;
        let folder = self.files.empty_folder()?;
        let files = (0..plugins).map(|number| {
            let file = folder.path().join(format!("{number}.wasm"));
            replace(&file, &self.files.marked(&format!("idle {number}"))?)?;
            Ok(file)
        });
        let files = files.collect::<Result<Vec<_>>>()?;
        let host = Host::new(&self.files.kept(CACHE)?)?;
        let began = Instant::now();
        for file in files {
            let compiled = host.load(&file)?;
            let mut made = Vec::with_capacity(sources);
            for _ in 0..sources {
                let mut plugin = compiled.plugin()?;
                asked.ask(&mut plugin)?;
                made.push(plugin);
            }
            self.idle.push(made);
        }
        Ok(Answer::once(began.elapsed()))
    }
}

/// What each call asks, and what comes.
struct Asked {
    function: &'static str,
    input: Vec<u8>,
    /// Byte for byte what every call answers: the guest makes it as it is made here.
    expected: Vec<u8>,
    /// Whether it is a frame.
    is_frame: bool,
    /// Whether it waits for others.
    waits: bool,
}

impl Asked {
    fn new(call: &Call) -> Result<Self> {
        let query = |model: serde_json::Value, expected| -> Result<Self> {
            let input = serde_json::to_vec(&model)?;
            Ok(Self {
                function: "query",
                input,
                expected,
                is_frame: true,
                waits: matches!(call, Call::Upstream { .. }),
            })
        };
        match call {
            Call::Health => Ok(Self {
                function: "health",
                input: Vec::new(),
                expected: b"fine".into(),
                is_frame: false,
                waits: false,
            }),
            Call::Query { table, rows } => {
                let (name, frame) = match table {
                    Table::Series => ("series", series(*rows)),
                    Table::Mixed => ("mixed", mixed(*rows)),
                };
                query(serde_json::json!({"table": name, "rows": rows}), frame?.to_ipc_stream()?)
            }
            Call::Upstream { url } => {
                query(serde_json::json!({"table": "upstream", "url": url}), series(1)?.to_ipc_stream()?)
            }
        }
    }

    /// The bytes of the frame that came.
    fn ask(&self, plugin: &mut extism::Plugin) -> Result<u64> {
        let came: Vec<u8> = plugin.call(self.function, self.input.as_slice())?;
        ensure!(came.len() == self.expected.len(), "{} bytes came instead of {}", came.len(), self.expected.len());
        Ok(if self.is_frame { came.len() as u64 } else { 0 })
    }

    /// Asks, and looks at all that comes.
    fn check(&self, plugin: &mut extism::Plugin) -> Result<()> {
        let came: Vec<u8> = plugin.call(self.function, self.input.as_slice())?;
        ensure!(came == self.expected, "the plugin's answer is not the table that was asked for");
        Ok(())
    }
}
