//! `wellhead completions`: what a shell needs to complete this command's words.

use super::{NAME, Wellhead};
use crate::exit::Outcome;
use anyhow::{Context, Result};
use clap::Command;
use clap_complete::Shell;
use std::io::{self, Write};

const EXAMPLES: &str = "\
Examples:
  For this session of bash:
    source <(wellhead completions bash)
  For good, in bash, zsh and fish:
    wellhead completions bash > ~/.local/share/bash-completion/completions/wellhead
    wellhead completions zsh > ~/.zfunc/_wellhead        with ~/.zfunc in fpath
    wellhead completions fish > ~/.config/fish/completions/wellhead.fish";

/// Print what a shell needs to complete this command's words
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> Result<Outcome> {
    // The generators offer hidden commands, too; there is no taking one out of a command.
    let whole = Wellhead::command_with_examples();
    let shown = whole.get_subcommands().filter(|command| !command.is_hide_set());
    let mut shown = Command::new(NAME).version(env!("CARGO_PKG_VERSION")).subcommands(shown.cloned());
    // Into memory first: writing to a pipe may fail, and the generator takes that for impossible.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut shown, NAME, &mut script);
    io::stdout().write_all(&script).context("cannot write to standard output")?;
    Ok(Outcome::Done)
}
