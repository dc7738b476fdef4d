//! `wellhead config`: is the configuration good, and what does it come to?

use crate::config::{ConfigArgs, Fault, Faults, LogFilter, LogFormat, Settings};
use crate::exit::Outcome;
use crate::host::door::Door;
use crate::host::operator_states::OperatorStates;
use crate::host::{self, data_sources};
use crate::logging;
use crate::progress;
use crate::words::counted;
use anyhow::{Context, Result};
use std::io::{self, Write};
use std::str::FromStr;
use std::sync::Arc;
use tokio::runtime;
use wellhead::Wellhead;

const EXAMPLES: &str = "\
Examples:
  wellhead config check --config /etc/wellhead/wellhead.toml
  wellhead config check --plugins target/plugins --provisioning provisioning
  wellhead config show";

/// Check the configuration, or show what is in force
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConfigCommandArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List every fault of settings, plugins and provisioning at once; exit code 2 if there is any
    Check(ConfigArgs),
    /// Print every setting with its value and where it comes from
    Show(ConfigArgs),
}

pub(crate) fn run(args: &ConfigCommandArgs) -> Result<Outcome> {
    match &args.action {
        Action::Check(args) => check(args),
        Action::Show(args) => show(args),
    }
}

fn check(args: &ConfigArgs) -> Result<Outcome> {
    // What is rejected is listed below; logged as well it would stand there twice.
    if let Ok(off) = LogFilter::from_str("off") {
        logging::start(&off, LogFormat::Human);
    }
    let (settings, mut faults) = Settings::load(args);
    faults.extend(Door::of(&settings).err().into_iter().flatten());
    let (provisioning, provisioning_is_read) = match data_sources::provisioning(&settings) {
        Ok(provisioning) => (provisioning, true),
        Err(found) => {
            faults.extend(found);
            (None, false)
        }
    };
    faults.extend(OperatorStates::read(&settings.data.value).err());
    let (mut plugins, mut there) = (0, Vec::new());
    match host::missing_plugins_folder(&settings) {
        Some(fault) => faults.push(fault),
        None => {
            let runtime =
                runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the async runtime")?;
            let builder = Wellhead::builder().plugins(&settings.plugins.value).follow_plugins(None);
            let reading = progress::shown("Reading the plugins");
            let wellhead = runtime.block_on(host::limited(builder, &settings).build())?;
            drop(reading);
            faults.extend(wellhead.plugins().rejections().iter().map(Fault::from));
            if provisioning_is_read {
                there = match &provisioning {
                    Some(read) => read.data_sources().cloned().map(Arc::new).collect(),
                    None => data_sources::default(wellhead.plugins()).map(Arc::new).into_iter().collect(),
                };
                faults.extend(host::without_subject(wellhead.plugins(), &there, &settings));
            }
            faults.extend(data_sources::without_plugin(wellhead.plugins(), there.iter().map(AsRef::as_ref)));
            plugins = wellhead.plugins().list().len();
            // The plugins' manifests were wanted, not their code, which may be compiling by now.
            runtime.shutdown_background();
        }
    }
    for warning in provisioning.iter().flat_map(|read| &read.warnings) {
        eprintln!("warning: {warning}");
    }
    if !faults.is_empty() {
        return Err(Faults(faults).into());
    }
    let (plugins, data_sources) = (counted(plugins, "plugin"), counted(there.len(), "data source"));
    writeln!(io::stdout(), "the configuration is good: {plugins}, {data_sources}")?;
    Ok(Outcome::Done)
}

fn show(args: &ConfigArgs) -> Result<Outcome> {
    let (settings, faults) = Settings::load(args);
    let mut out = io::stdout().lock();
    let rows = settings.rows();
    let width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
    for (name, value, origin) in rows {
        writeln!(out, "{name:<width$} {value:<32} {origin}")?;
    }
    if faults.is_empty() { Ok(Outcome::Done) } else { Err(Faults(faults).into()) }
}
