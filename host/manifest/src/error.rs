//! Why a manifest, or the file it should be in, was refused.

use crate::check::MAX_DEPTH;
use crate::{CONTRACT, MAX_BYTES, SECTION};

/// Why a manifest was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Neither a section nor a sidecar.
    #[error(
        "no manifest: build the plugin with the SDK's `export!` (which embeds plugin.json as custom section \
         {SECTION:?}), or put NAME.plugin.json beside NAME.wasm"
    )]
    Missing,
    /// Not the JSON of a manifest.
    #[error("malformed manifest at {path:?} (line {line}, column {column}): {reason}")]
    Malformed {
        /// Path of keys to the fault, `.` for the whole.
        path: String,
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
        /// What was expected.
        reason: String,
    },
    /// A key has a value no plugin may have.
    #[error("manifest key {key:?}: {reason}")]
    InvalidKey {
        /// Path of the key.
        key: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Built for another contract.
    #[error(
        "the plugin was built for contract wellhead:plugin@{found}, this host speaks {CONTRACT}.x: rebuild it with an \
         SDK of that version, or run a host that speaks {found}"
    )]
    ContractVersion {
        /// What the manifest says.
        found: String,
    },
    /// Larger than a manifest may be.
    #[error("the manifest has {actual} bytes, {MAX_BYTES} are allowed")]
    TooLarge {
        /// Its size.
        actual: usize,
    },
    /// Nested deeper than any host or client would read it again.
    #[error("the manifest is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Two manifests in one file, with nothing to choose by.
    #[error("{count} custom sections {SECTION:?} in one file: keep one")]
    Ambiguous {
        /// How many there are.
        count: usize,
    },
    /// Not a WebAssembly file at all, or a broken one.
    #[error("not a readable WebAssembly file: {reason}")]
    NotWasm {
        /// What the parser found, and where.
        reason: String,
    },
}
