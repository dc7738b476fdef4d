//! What is said about a plugin file.

use std::path::PathBuf;
use std::time::Instant;

/// Something happened to a plugin file, or to its sidecar.
///
/// To a receiver that lags behind only the latest event of each file is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEvent {
    /// The folder as it was given, and in it `STEM.wasm`, or `STEM.plugin.json` for a front-end plugin.
    pub file: PathBuf,
    /// What to do about it.
    pub kind: FileEventKind,
    /// When the file was closed, renamed, last seen changing, or first missed.
    pub at: Instant,
}

/// What to do about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileEventKind {
    /// Closed after writing, or renamed into place: read it at once. Its writer may open it again, so bytes that make no
    /// plugin are no fault yet; [`Quiet`](Self::Quiet) or [`Gone`](Self::Gone) follows.
    Settled,
    /// Nothing happened to it for [`Options::quiet`](crate::Options::quiet): what is there now is what is meant.
    /// A name that is there but leads nowhere (a dangling symlink) comes as this too, and reading it says why.
    Quiet,
    /// Its name has been away for [`Options::quiet`](crate::Options::quiet); or, for a front end's manifest, a `.wasm`
    /// has come beside it, whose sidecar it is now.
    Gone,
}
