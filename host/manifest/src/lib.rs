//! What a plugin says of itself, read **without running or compiling it**.
//!
//! [`Manifest`] is Grafana's `plugin.json` with a `wellhead` section, checked; [`Outline`] is what a `.wasm` file shows
//! from outside: the embedded manifest's bytes, the names of imports and exports. Both take bytes that nobody trusts.
//! Whether the two agree, and what a host grants of what is asked, is the loader's business; wasmtime is not needed.

mod check;
mod error;
mod manifest;
mod outline;
mod route;

pub use error::ManifestError;
pub use manifest::{Auth, Capabilities, Endpoint, Forward, Info, Manifest, PluginType, Setting, WellheadSection};
pub use outline::{DATASOURCE, Outline};
pub use route::{Role, Route};

/// Name of the custom section of a `.wasm` file that holds `plugin.json`.
pub const SECTION: &str = "wellhead:manifest";

/// The contract versions a host speaks: `wellhead:plugin@0.1.x`.
pub const CONTRACT: &str = "0.1";

/// Most bytes a manifest may have. It is no place for data: larger ones are refused unread.
pub const MAX_BYTES: usize = 1 << 20;
