//! Why a suite could not be run at all.

use crate::CaseError;
use std::path::PathBuf;
use wellhead::BuildError;

/// Why nothing was tested.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuiteError {
    /// The host does not start, or refuses the file.
    #[error(transparent)]
    Host(#[from] BuildError),
    /// The file holds no plugin that answers queries.
    #[error("{} is no plugin", .0.display())]
    NoPlugin(PathBuf),
    /// A rule was asked for that there is not.
    #[error("there is no rule {name:?}; the rules are {known}")]
    NoSuchRule {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The folder of cases cannot be read.
    #[error(transparent)]
    Cases(#[from] CaseError),
    /// No place for compiled code.
    #[error("no temporary folder: {0}")]
    Temporary(std::io::Error),
}
