//! The peers of a run, and orders given to all of them.

use crate::contest::{self, Contestant, Plan};
use crate::figures::Figures;
use crate::peer::{Peer, Program};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::Duration;
use wellhead_peer::Order;

/// As they stand in the tables; what peers call themselves does not matter there.
pub mod names {
    /// This project.
    pub const WELLHEAD: &str = "Wellhead";
    /// Called from as many tasks as other peers have threads.
    pub const SPREAD: &str = "Wellhead, a task a core";
    /// Its embedding API.
    pub const EMBEDDED: &str = "Wellhead, embedded";
    /// Its server.
    pub const SERVER: &str = "wellhead serve";
    /// Nothing but wasmtime.
    pub const BARE: &str = "bare wasmtime";
    /// The same, compiled so that it could be stopped.
    pub const INTERRUPTIBLE: &str = "bare wasmtime, interruptible";
    /// The same, whose answers are read and checked, too.
    pub const CHECKED: &str = "bare wasmtime, interruptible, answers checked";
    /// Bare, with its Store on a task of its own.
    pub const ACTOR: &str = "bare wasmtime, one-task actor";
    /// No sandbox.
    pub const NATIVE: &str = "native plugin";
    /// A process a plugin.
    pub const GRPC: &str = "gRPC child";
    /// Bytes in, bytes out.
    pub const EXTISM: &str = "extism";
    /// Arrow through wasm.
    pub const ARROW_UDF: &str = "arrow-udf";
    /// A frame's JSON alone.
    pub const GRAFANA_SDK: &str = "grafana-plugin-sdk, the JSON alone";
}

use names::{ACTOR, ARROW_UDF, BARE, CHECKED, EXTISM, GRPC, INTERRUPTIBLE, NATIVE, SPREAD, WELLHEAD};

/// Where things are, and how much is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Of each figure.
    pub rounds: usize,
    /// How long a round takes.
    pub target: Duration,
    /// Leaves out what takes long.
    pub quick: bool,
    /// The folder of cargo's builds.
    pub target_folder: PathBuf,
    /// Where files of this run are left until its end.
    pub scratch: PathBuf,
}

impl Options {
    /// The plugin that Wellhead and bare wasmtime are asked.
    #[must_use]
    pub fn guest(&self) -> PathBuf {
        self.target_folder.join("wasm32-wasip2/plugin/peer.wasm")
    }

    /// A program of this workspace.
    #[must_use]
    pub fn binary(&self, name: &str) -> PathBuf {
        self.target_folder.join("release").join(name)
    }

    /// A peer that is asked the guest.
    #[must_use]
    pub fn own(&self, name: &str, more: &[&str]) -> Program {
        let mut args = vec!["--guest".into(), self.guest().into(), "--scratch".into(), self.scratch.clone().into()];
        args.extend(more.iter().map(Into::into));
        Program { path: self.binary(name), args }
    }

    /// A peer of the other workspace.
    #[must_use]
    pub fn foreign(&self, name: &str) -> Program {
        Program { path: self.target_folder.join("peers/release").join(name), args: Vec::new() }
    }

    /// All that answer calls.
    #[must_use]
    pub fn peers(&self) -> Vec<(&'static str, Program)> {
        vec![
            (WELLHEAD, self.own("peer-wellhead", &[])),
            (
                SPREAD,
                self.own("peer-wellhead", &["--tasks", &available_parallelism().map_or(1, usize::from).to_string()]),
            ),
            (BARE, self.own("peer-bare", &[])),
            (INTERRUPTIBLE, self.own("peer-bare", &["--interruptible"])),
            (CHECKED, self.own("peer-bare", &["--interruptible", "--checked"])),
            (ACTOR, self.own("peer-bare", &["--actor"])),
            (NATIVE, Program { path: self.binary("peer-native"), args: Vec::new() }),
            (GRPC, self.foreign("peer-grpc")),
            (EXTISM, self.foreign("peer-extism")),
            (ARROW_UDF, self.foreign("peer-arrow-udf")),
        ]
    }

    /// A plan with this run's rounds.
    #[must_use]
    pub fn plan(&self, least_calls: usize, metrics: &'static [crate::figures::Metric]) -> Plan {
        Plan { rounds: self.rounds, target: self.target, least_calls, most_calls: 200_000, metrics }
    }
}

/// A place for a peer, which is started when it is first asked, and again after it failed.
pub struct Slot {
    /// As it stands in the tables.
    pub name: String,
    program: Program,
    running: Option<Peer>,
}

impl Slot {
    /// For this program.
    #[must_use]
    pub fn new(name: &str, program: Program) -> Self {
        Self { name: name.to_owned(), program, running: None }
    }

    /// Its peer, started where it is not.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn peer(&mut self) -> Result<&mut Peer> {
        let peer = match self.running.take() {
            Some(peer) => peer,
            None => Peer::start(&self.program)?,
        };
        Ok(self.running.insert(peer))
    }

    /// Gives an order; a peer that fails is started anew for the next one.
    ///
    /// # Errors
    /// Why it failed, or cannot do this.
    pub fn order(&mut self, order: &Order) -> Result<contest::Sample> {
        let peer = self.peer()?;
        if let Some(why) = peer.cannot(order) {
            anyhow::bail!("{why}");
        }
        let done = peer.order(order);
        if done.is_err() {
            self.end();
        }
        done
    }

    /// Ends its process.
    pub fn end(&mut self) {
        self.running = None;
    }
}

/// Slots for all that answer calls.
#[must_use]
pub fn slots(options: &Options) -> Vec<Slot> {
    options.peers().into_iter().map(|(name, program)| Slot::new(name, program)).collect()
}

/// Gives all slots the same orders.
pub fn compare(
    figures: &mut Figures,
    work: &'static str,
    case: &str,
    plan: &Plan,
    slots: &mut [Slot],
    order: &dyn Fn(usize) -> Order,
) {
    let contestants = slots.iter_mut().map(|slot| contestant(case, slot, order)).collect();
    contest::run(figures, work, plan, contestants);
}

/// A slot's part in a contest.
pub fn contestant<'a>(case: &str, slot: &'a mut Slot, order: &'a dyn Fn(usize) -> Order) -> Contestant<'a> {
    let name = slot.name.clone();
    Contestant { case: case.to_owned(), name, run: Box::new(move |calls| slot.order(&order(calls))) }
}

/// What a path is called in a message.
#[must_use]
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}
