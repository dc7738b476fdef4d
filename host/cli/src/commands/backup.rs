//! `wellhead backup` and `wellhead restore`: the database as one file, taken while a server runs and put back while none does.

use crate::client::ApiArgs;
use crate::config::{ConfigArgs, Faults, Settings};
use crate::exit::Outcome;
use crate::host::data_folder;
use crate::progress;
use anyhow::{Context, Result};
use http::Method;
use serde_json::json;
use std::io::{self, Write};
use std::path::PathBuf;
use wellhead::Database;

const BACKUP_EXAMPLES: &str = "\
Examples:
  wellhead backup before-upgrade.redb
  wellhead backup --server https://wellhead.example.com --token \"$TOKEN\" nightly.redb

Secrets stay encrypted in it: the master key (DATA/master.key) is kept apart, and is needed with it.";

const RESTORE_EXAMPLES: &str = "\
Examples:
  wellhead restore before-upgrade.redb
  wellhead restore --data /var/lib/wellhead nightly.redb";

/// Copy data sources, users, tokens and permissions to a file, while the server goes on
#[derive(Debug, clap::Args)]
#[command(after_help = BACKUP_EXAMPLES)]
pub(crate) struct BackupArgs {
    /// The file to make; one that is there is not overwritten
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    api: ApiArgs,
}

/// Put a backup in the place of the database, while no server runs; the database that was is kept beside it
#[derive(Debug, clap::Args)]
#[command(after_help = RESTORE_EXAMPLES)]
pub(crate) struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Configuration file of the host [default: ./wellhead.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder whose database gives way [default: that of the configuration, else data]
    #[arg(long, value_name = "DIR", env = "WELLHEAD_DATA")]
    data: Option<PathBuf>,
}

pub(crate) fn run(args: &BackupArgs) -> Result<Outcome> {
    let file = std::path::absolute(&args.file).with_context(|| format!("{}", args.file.display()))?;
    let body = json!({ "file": file });
    let done = args.api.run(async |api| api.call(Method::POST, &["api", "wellhead", "backup"], Some(&body)).await)?;
    writeln!(io::stdout(), "{}", done.get("message").and_then(|message| message.as_str()).unwrap_or("done"))?;
    Ok(Outcome::Done)
}

pub(crate) fn restore(args: &RestoreArgs) -> Result<Outcome> {
    let (settings, faults) = Settings::load(&ConfigArgs::of_folders(args.config.clone(), args.data.clone(), None));
    if !faults.is_empty() {
        return Err(Faults(faults).into());
    }
    data_folder::folder(&settings)?;
    let database = data_folder::database(&settings);
    let restoring = progress::shown(format!("Restoring {}", args.file.display()));
    let kept = Database::restore(&args.file, &database)?;
    drop(restoring);
    let kept = kept.map(|kept| format!("; what was there is {}", kept.display())).unwrap_or_default();
    writeln!(io::stdout(), "{} is what {} holds{kept}", database.display(), args.file.display())?;
    Ok(Outcome::Done)
}
