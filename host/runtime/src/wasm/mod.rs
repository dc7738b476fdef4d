//! The wasm target: a plugin as a WebAssembly component on wasmtime.
//!
//! `plugin` is what the rest of the crate sees. Below it: `prepared` (compiled code), `instance` (the task that owns a
//! Store), `serve` (what happens inside it), `imports` and `http_hooks` (what a guest can reach).

mod bindings;
mod call;
mod control;
mod convert;
mod crash;
mod deadlines;
mod decode;
mod engine;
mod guest_log;
mod host;
mod http_hooks;
mod imports;
mod instance;
mod instances;
mod limiter;
mod plugin;
mod prepared;
mod query;
mod resource;
mod serve;
mod state;
mod streams;

pub(crate) use host::{Surroundings, WasmHost};
pub(crate) use plugin::WasmPlugin;
