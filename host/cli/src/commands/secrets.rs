//! `wellhead secrets`: the key that data sources' secrets are kept under.

use crate::api::ApiArgs;
use crate::exit::Outcome;
use anyhow::{Context, Result};
use http::Method;
use std::io::{self, Write};
use tokio::runtime;

/// Look after the master key of all secrets
#[derive(Debug, clap::Args)]
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
    let runtime =
        runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the async runtime")?;
    let Action::Rotate = args.action;
    let done = runtime.block_on(async {
        let api = args.api.open().await?;
        let done = api.call(Method::POST, &["api", "wellhead", "secrets", "rotate"], None).await;
        api.close().await;
        done
    })?;
    runtime.shutdown_background();
    writeln!(io::stdout(), "{}", done.get("message").and_then(|message| message.as_str()).unwrap_or("done"))?;
    Ok(Outcome::Done)
}
