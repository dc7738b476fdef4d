//! The peer `gRPC child`: Grafana's go-plugin shape. A plugin is a process (`../plugin`), asked over gRPC on a Unix socket,
//! with frames as Arrow IPC bytes; data sources are instances in that process. The host starts it, reads go-plugin's
//! handshake, connects, and asks.
//!
//! Tuned in its favour: Rust on both sides, which is less than Grafana's Go; one HTTP/2 connection with all calls in flight,
//! windows that no frame of the tables fills, HTTP/2 frames of a megabyte instead of 16 KiB, no limits of messages; frames
//! are not copied between the socket and a message; requests bear what Grafana's bear but no headers; threads as
//! [`peer_grpc::runtime`] says.
//!
//! What it does not do: go-plugin's broker, its TLS, its channels for logs and metrics. A first answer is a start, for there
//! is nothing to compile: warm means that the file has been run before. A reload kills the old process first, as Grafana
//! does. Processes of several plugins have files of their own, so that they share no more than different plugins would.

mod ask;
mod files;
mod plugin;

use anyhow::{Context, Result};
use ask::Ask;
use files::Files;
use peer_grpc::runtime;
use plugin::Plugin;
use std::time::Instant;
use wellhead_peer::{Answer, Call, Hello, Order, Table, drive, serve};

fn main() -> Result<()> {
    let hello =
        Hello { name: "gRPC child".to_owned(), built_from: "tonic 0.14, prost 0.14".to_owned(), cannot: Vec::new() };
    let io = runtime()?;
    let mut peer = Peer { files: Files::new()?, asked: None, idle: Vec::new() };
    serve(&hello, |order| io.block_on(peer.work(order)))
}

struct Peer {
    files: Files,
    /// What calls go to.
    asked: Option<Plugin>,
    /// What an order left idle.
    idle: Vec<Plugin>,
}

const EMPTY: Call = Call::Query { table: Table::Series, rows: 0 };

impl Peer {
    async fn work(&mut self, order: Order) -> Result<Answer> {
        for plugin in self.idle.drain(..) {
            plugin.end().await?;
        }
        let answer = match order {
            Order::Calls { call, calls, in_flight, queries, sources } => {
                self.calls(&Ask::new(&call, queries, sources)?, calls, in_flight).await?
            }
            Order::FirstAnswer { warm } => self.first_answer(warm).await?,
            Order::Reload { warm } => self.reload(warm).await?,
            Order::Idle { plugins, sources } => self.leave_idle(plugins, sources).await?,
        };
        let children = self.asked.iter().chain(&self.idle).map(Plugin::pid);
        Ok(Answer { pids: [std::process::id()].into_iter().chain(children).collect(), ..answer })
    }

    async fn calls(&mut self, ask: &Ask, calls: usize, in_flight: usize) -> Result<Answer> {
        let plugin = match self.asked.take() {
            Some(plugin) => plugin,
            None => Plugin::start(self.files.plugin()).await?,
        };
        let plugin = self.asked.insert(plugin);
        ask.check(plugin).await?;
        drive(calls, in_flight, |number| ask.of(plugin, number)).await
    }

    async fn first_answer(&self, warm: bool) -> Result<Answer> {
        let ask = Ask::new(&EMPTY, 1, 1)?;
        let folder = self.files.empty_folder()?;
        let program = folder.path().join("plugin");
        self.files.write_marked(&program, "first")?;
        if warm {
            let plugin = Plugin::start(&program).await?;
            ask.check(&plugin).await?;
            plugin.end().await?;
        }
        let began = Instant::now();
        let plugin = Plugin::start(&program).await?;
        ask.of(&plugin, 0).await?;
        let took = began.elapsed();
        plugin.end().await?;
        Ok(Answer::once(took))
    }

    async fn reload(&self, warm: bool) -> Result<Answer> {
        let ask = Ask::new(&EMPTY, 1, 1)?;
        let folder = self.files.empty_folder()?;
        let (program, next) = (folder.path().join("plugin"), folder.path().join("next"));
        self.files.write_marked(&program, "first")?;
        self.files.write_marked(&next, "next")?;
        if warm {
            Plugin::start(&next).await?.end().await?;
        }
        let bytes = std::fs::read(&next).context("cannot read the next plugin")?;
        let old = Plugin::start(&program).await?;
        ask.check(&old).await?;
        let began = Instant::now();
        files::replace(&program, &bytes)?;
        old.end().await?;
        let new = Plugin::start(&program).await?;
        ask.of(&new, 0).await?;
        let took = began.elapsed();
        new.end().await?;
        Ok(Answer::once(took))
    }

    async fn leave_idle(&mut self, plugins: usize, sources: usize) -> Result<Answer> {
        if let Some(plugin) = self.asked.take() {
            plugin.end().await?;
        }
        let ask = Ask::new(&EMPTY, 1, sources)?;
        let folder = self.files.empty_folder()?;
        let program = |number: usize| folder.path().join(format!("plugin-{number}"));
        for number in 0..plugins {
            self.files.write_marked(&program(number), &format!("idle {number}"))?;
        }
        let began = Instant::now();
        for number in 0..plugins {
            let plugin = Plugin::start(&program(number)).await?;
            for source in 0..sources {
                ask.of(&plugin, source).await?;
            }
            self.idle.push(plugin);
        }
        Ok(Answer::once(began.elapsed()))
    }
}
