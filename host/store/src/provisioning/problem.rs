//! What is wrong with a provisioning file, and where.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong, or was read past.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}", place = Place { file: file.clone(), line: *line, key: key.clone() })]
pub struct Problem {
    /// The file or folder.
    pub file: PathBuf,
    /// 1-based line, where it is known.
    pub line: Option<u64>,
    /// The key, with its path from the entry, where it is one key's fault.
    pub key: Option<String>,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Everything that is wrong with a folder of provisioning files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisioningError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ProvisioningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("provisioning files are not valid:")?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ProvisioningError {}

/// Where something stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    file: PathBuf,
    line: Option<u64>,
    key: Option<String>,
}

impl Place {
    pub(super) fn new(file: &Path, line: Option<u64>) -> Self {
        Self { file: file.to_owned(), line: line.filter(|line| *line > 0), key: None }
    }

    pub(super) fn key(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    pub(super) fn line(&self, line: u64) -> Self {
        Self { line: Some(line), ..self.clone() }
    }

    pub(super) fn problem(self, reason: impl Into<String>) -> Problem {
        Problem { file: self.file, line: self.line, key: self.key, reason: reason.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ": {key}")?;
        }
        Ok(())
    }
}
