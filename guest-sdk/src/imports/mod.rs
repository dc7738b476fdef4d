//! Everything a plugin reaches outside itself, in one place: the contract's imports in a guest, stand-ins of the same
//! signatures natively, so that an author's crate compiles and tests without a host.

#[cfg(target_family = "wasm")]
mod guest;
#[cfg(target_family = "wasm")]
pub(crate) use guest::*;

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(not(target_family = "wasm"))]
pub(crate) use native::*;

/// How serious a log line is, in the contract's words.
#[cfg(any(test, target_family = "wasm"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// What a number that is handed to the host's metrics means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricKind {
    Add,
    Set,
    Observe,
}
