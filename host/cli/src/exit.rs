//! How the command ends: the exit codes and the last words on standard error.

use crate::config::Faults;
use crate::output::harmless_lines;
use std::io::{self, ErrorKind};
use std::process::ExitCode;

/// What a command came to, where it ran to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it worked.
    Done,
    /// Part of it failed, and the command has said which.
    PartFailed,
}

/// For `--help`.
pub(crate) const CODES: &str = "\
Exit codes:
  0  it worked
  1  it failed, wholly or for one refId
  2  the command line or the configuration is wrong";

/// The exit code, after the error's text on standard error.
pub(crate) fn code(result: anyhow::Result<Outcome>) -> ExitCode {
    let error = match result {
        Ok(Outcome::Done) => return ExitCode::SUCCESS,
        Ok(Outcome::PartFailed) => return ExitCode::FAILURE,
        Err(error) => error,
    };
    // `wellhead frame … | head` has got what it wanted.
    if error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|e| e.kind() == ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    // Parts of it may be a stranger's words: a file's, a server's.
    eprintln!("error: {}", harmless_lines(&format!("{error:#}")));
    if error.is::<Faults>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}
