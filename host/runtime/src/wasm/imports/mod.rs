//! The host's side of what a guest imports. Every value a guest hands over is checked before use.

mod cache;
mod fetch;
mod log;
mod metrics;
pub(super) mod net;

use super::bindings::types;
use super::state::HostState;

impl types::Host for HostState {}
