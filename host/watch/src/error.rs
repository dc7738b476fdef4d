//! Why a folder cannot be watched. Once watching has begun nothing ends it: what fails later is logged and tried again.

use std::io;
use std::path::PathBuf;

/// Why watching did not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The folder is not there, is no folder, or may not be read.
    #[error("plugins folder {}: {error}; make the folder, or name one that can be read", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The operating system's word.
        error: io::Error,
    },
    /// There is no Tokio runtime to watch on.
    #[error("plugins folder {}: watching needs a Tokio runtime; start it from within one", folder.display())]
    NoRuntime {
        /// The folder.
        folder: PathBuf,
    },
}
