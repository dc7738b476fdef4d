//! `wellhead compile-component`: what `serve` and `query` start to compile a plugin in a process of its own. For hosts, not
//! for people: it talks to the host that started it, and writes nothing else.

use crate::exit::Outcome;
use anyhow::{Context, Result};
use std::io;
use wellhead::CompileCommand;

/// The subcommand's name.
pub(crate) const NAME: &str = "compile-component";

/// How this program is started to compile a plugin.
pub(crate) fn command() -> CompileCommand {
    CompileCommand::this_program([NAME])
}

pub(crate) fn run() -> Result<Outcome> {
    wellhead::compile_worker(io::stdin(), io::stdout()).context("cannot compile a component")?;
    Ok(Outcome::Done)
}
