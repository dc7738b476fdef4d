//! The wasm target: a plugin as a WebAssembly component on wasmtime.
//!
//! `plugin` is what the rest of the crate sees: its generations are in `lives` and change by `change`, its data sources'
//! ways to their instances in `routes`. Below: `compile` and `prepared` (from bytes to code), `instance` (the task that owns a Store),
//! `pulse`, `profile` and `control` (what it costs, where, and what ends it), `serve` (what happens inside it), `imports`, `http_hooks` and
//! `socket` (what a guest can reach).

mod bindings;
mod call;
mod cancel_token;
mod change;
mod compile;
mod control;
mod convert;
mod crash;
mod crashes;
mod deadlines;
mod decode;
mod engine;
mod gate;
mod generation;
mod guest_log;
mod host;
mod http_hooks;
mod imports;
mod in_turn;
mod instance;
mod limiter;
mod lives;
mod open;
mod packets;
mod places;
mod plugin;
mod prepared;
mod profile;
mod pulse;
mod query;
mod resource;
mod route;
mod routes;
mod serve;
mod simulation;
mod socket;
mod state;
mod streaming;
mod streams;
mod thread_clock;
mod threads;

pub(crate) use change::Change;
pub use compile::{CompileCommand, CompileError, CompileFor, compile_worker};
pub(crate) use host::{Surroundings, WasmHost};
pub(crate) use plugin::WasmPlugin;
pub use profile::GuestProfile;
