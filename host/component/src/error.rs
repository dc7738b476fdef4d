//! Why a file could not be inspected or packed.

use crate::binary::{MAX_NESTING, MAX_SECTIONS};
use std::io;
use std::path::PathBuf;
use wellhead_manifest::{CONTRACT, DATASOURCE, ManifestError};

/// Why a file could not be inspected or packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComponentError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}{}", path.display(), cure(error))]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's word.
        error: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's word.
        error: io::Error,
    },
    /// Larger than what is read at all.
    #[error("{}: {actual} bytes, {limit} are read at most: build without debug sections (strip = \"debuginfo\")", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is read.
        limit: usize,
        /// Its size.
        actual: u64,
    },
    /// Not WebAssembly, or a broken file.
    #[error("not a readable WebAssembly file: {reason}")]
    NotWasm {
        /// What was found, and where.
        reason: String,
    },
    /// WebAssembly, but what compilers make for the web or for WASI 0.1.
    #[error(
        "a core module, not a component: build it with --target wasm32-wasip2 (for wasm32-wasip1 and \
         wasm32-unknown-unknown the SDK makes no plugins)"
    )]
    CoreModule,
    /// Modules within components within components, without end.
    #[error("components are nested more than {MAX_NESTING} deep, which no compiler does")]
    TooDeep,
    /// More sections than any compiler makes.
    #[error("more than {MAX_SECTIONS} sections, which no compiler makes")]
    TooManySections,
    /// It reads, but it breaks WebAssembly's rules.
    #[error("not valid WebAssembly: {reason}: build it again")]
    Invalid {
        /// The rule, and where.
        reason: String,
    },
    /// A component of another world.
    #[error("it does not export {DATASOURCE}{CONTRACT}.x, so it is no data source: build it with the SDK's `export!`")]
    NotAPlugin,
    /// The manifest is missing, or has a fault.
    #[error("{place}: {error}")]
    Manifest {
        /// The file, or the part of it, where it stands.
        place: String,
        /// What is wrong.
        error: ManifestError,
    },
    /// Packing twice did not give the same bytes.
    #[error(
        "packing it twice gave different bytes ({first} and {second}): pack it without an optimiser, and report this"
    )]
    NotDeterministic {
        /// Bytes at the first time.
        first: usize,
        /// Bytes at the second time.
        second: usize,
    },
}

fn cure(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => {
            " (name the .wasm that the build made: cargo puts it into target/wasm32-wasip2/release)"
        }
        io::ErrorKind::IsADirectory => " (name a .wasm in it)",
        _ => "",
    }
}
