//! `wellhead test`: runs the conformance suite and the author's cases against a plugin, and prints a line for each.

mod lines;
mod plugin_file;

use crate::ask;
use crate::commands::compile_component;
use crate::config::{Fault, Faults, LogFilter, LogFormat};
use crate::exit::Outcome;
use crate::logging;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use tokio::runtime;
use wellhead_conformance::{Report, Suite, SuiteError, Update};

const EXAMPLES: &str = r#"Examples:
  The plugin that was built here last, and the cases in tests/cases:
    wellhead test
  One file, one rule:
    wellhead test prometheus.wasm --only cancellation
  Record all cases from a real server, then see them replayed without it:
    wellhead test prometheus.wasm --record --url http://127.0.0.1:9090
    wellhead test prometheus.wasm
  For CI:
    wellhead test --junit test-results.xml

A case is a folder: tests/cases/NAME/query.json, settings.json (an entry of a provisioning file, if it needs one); a
recording adds http/*.json, net/*.json, recording.json and expected.json. Secrets are blanked in all of them; name them
$VARIABLE in settings.json. A rule that cannot be applied is skipped, and says why."#;

/// Test a plugin: what every plugin must do, and its author's recorded cases
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TestArgs {
    /// Plugin to test [default: the one that the project in this folder built last]
    #[arg(value_name = "FILE")]
    plugin: Option<PathBuf>,
    /// Folder of cases, each a folder of its own
    #[arg(long, value_name = "DIR", default_value = "tests/cases")]
    cases: PathBuf,
    /// Record the cases: ask the real upstream, keep what it answers and what comes of it
    #[arg(long)]
    record: bool,
    /// Write expected.json anew from what the recordings answer
    #[arg(long, conflicts_with = "record")]
    update: bool,
    /// The data source to test or to record with: one entry of a provisioning file, as YAML, JSON or TOML
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// URL of the data source; wins over the settings' own
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Run this rule or case alone (may be given more than once): cancellation, case/NAME
    #[arg(long, value_name = "RULE")]
    only: Vec<String>,
    /// Write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// What to log on standard error: error, warn, info, debug, trace, or directives
    #[arg(long, value_name = "LEVEL", default_value = "off")]
    log_level: LogFilter,
}

pub(crate) fn run(args: &TestArgs) -> Result<Outcome> {
    logging::start(&args.log_level, LogFormat::Human);
    let file = match &args.plugin {
        Some(file) => file.clone(),
        None => plugin_file::built_here()?,
    };
    let runtime =
        runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the async runtime")?;
    let report = runtime.block_on(tested(args, file))?;
    if let Some(file) = &args.junit {
        let failed = || format!("cannot write {}", file.display());
        let mut out = File::create(file).with_context(failed)?;
        report.write_junit(&mut out).with_context(failed)?;
    }
    Ok(if report.has_failed() { Outcome::PartFailed } else { Outcome::Done })
}

async fn tested(args: &TestArgs, file: PathBuf) -> Result<Report> {
    let update = match (args.record, args.update) {
        (true, _) => Update::Recording,
        (_, true) => Update::Expected,
        _ => Update::Compare,
    };
    let mut suite = Suite::new(&file).cases(&args.cases).update(update).compile_in_child(compile_component::command());
    if let Some(folder) = ask::compile_cache() {
        suite = suite.compile_cache(folder);
    }
    if let Some(settings) = &args.settings {
        // Whatever its type is called: it is this plugin's here.
        suite = suite.data_source(ask::settings(settings, "tested")?);
    }
    if let Some(url) = &args.url {
        suite = suite.url(url);
    }
    for name in &args.only {
        suite = suite.only(name);
    }
    let lines = lines::Lines { colours: io::stdout().is_terminal() && logging::wants_colour() };
    let mut out = io::stdout();
    let mut broken = None;
    let report = suite
        .run(|result| {
            if let Err(error) = writeln!(out, "{}", lines.of_result(result)) {
                broken.get_or_insert(error);
            }
        })
        .await
        .map_err(at_fault)?;
    if report.results.is_empty() {
        bail!("no case in {}: make a folder there with a query.json in it", args.cases.display());
    }
    if let Err(error) = writeln!(out, "{}", lines.of_report(&report)) {
        broken.get_or_insert(error);
    }
    match broken {
        // Whoever read has seen enough; how it went is for the exit code and the JUnit file all the same.
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to standard output"),
        _ => Ok(report),
    }
}

/// A name that there is not is the command line's fault.
fn at_fault(error: SuiteError) -> anyhow::Error {
    match error {
        SuiteError::NoSuchRule { .. } => Faults(vec![Fault::new("--only", error)]).into(),
        error => error.into(),
    }
}
