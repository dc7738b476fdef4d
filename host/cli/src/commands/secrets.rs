//! `wellhead secrets`: the key that data sources' secrets are kept under.

use crate::client::ApiArgs;
use crate::exit::Outcome;
use anyhow::Result;
use http::Method;
use std::io::{self, Write};

const EXAMPLES: &str = "\
Examples:
  wellhead secrets rotate
  wellhead secrets rotate --data /var/lib/wellhead";

/// Look after the master key of all secrets
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SecretsCommandArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Change the master key, while the server goes on: a file gets a new one; of a variable or a command's output the
    /// first key becomes the one in use
    Rotate,
}

pub(crate) fn run(args: &SecretsCommandArgs) -> Result<Outcome> {
    let Action::Rotate = args.action;
    let path = ["api", "wellhead", "secrets", "rotate"];
    let done = args.api.run(async |api| api.call(Method::POST, &path, None).await)?;
    writeln!(io::stdout(), "{}", done.get("message").and_then(|message| message.as_str()).unwrap_or("done"))?;
    Ok(Outcome::Done)
}
