//! `wellhead bench`: what a plugin costs, as a table or for programs, beside what it cost before.

use crate::ask::{QueryDefaults, Request, SourceArgs};
use crate::bench::{Compared, Plan, Ratios, Run, Start};
use crate::config::{LogFilter, LogFormat};
use crate::exit::Outcome;
use crate::logging;
use crate::output::{empty_table, harmless};
use crate::words::grouped;
use anyhow::{Context, Result, bail};
use comfy_table::{CellAlignment, Table};
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime;
use wellhead::{GuestProfile, Manifest};
use wellhead_component::{PluginFile, write_atomically};
use wellhead_conformance::least_query;

const EXAMPLES: &str = r#"Examples:
  What a plugin costs that needs no server, with the least query its manifest describes:
    wellhead bench target/plugins/testdata.wasm
  One that does, with a query of your own; then again after a change, beside the first run:
    wellhead bench prometheus.wasm --url http://127.0.0.1:9090 '{"expr":"up"}' --save before.json
    wellhead bench prometheus.wasm --url http://127.0.0.1:9090 '{"expr":"up"}' --compare before.json
  Where its CPU time goes, for https://profiler.firefox.com or `samply load profile.json`:
    wellhead bench testdata.wasm --concurrency 8 --profile profile.json

It runs in this process; the load is made here too, and its CPU time is told with the host's. A query is the plugin's
own JSON object, and all queries together are one request."#;

/// Measure what a plugin costs: requests per second, latency, CPU, memory a data source, start
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BenchArgs {
    /// The plugin
    #[arg(value_name = "FILE")]
    plugin: PathBuf,
    /// Queries: JSON objects, or arrays of them [default: the least that the manifest's querySchema takes]
    #[arg(value_name = "QUERY")]
    queries: Vec<String>,
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    defaults: QueryDefaults,
    /// Requests under way at once, a level each
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,8,64", value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: Vec<u16>,
    /// Seconds to ask at each level
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = seconds)]
    duration: Duration,
    /// Form of the output
    #[arg(short, long, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    output: Format,
    /// Keep the run, to compare with
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Show each figure as a multiple of that of a run that was kept
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Write a CPU profile of the guest, in Firefox Profiler's format; looking costs a little
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// What to log on standard error: error, warn, info, debug, trace, or directives
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    log_level: LogFilter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// One object, for programs
    Json,
}

/// What programs get.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    run: &'a Run,
    /// Only with `--compare`.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratios: Option<&'a Ratios>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not between 0.1 and 3600 seconds");
    let seconds: f64 = text.parse().map_err(|_| wrong())?;
    if (0.1..=3600.0).contains(&seconds) { Ok(Duration::from_secs_f64(seconds)) } else { Err(wrong()) }
}

pub(crate) fn run(args: &BenchArgs) -> Result<Outcome> {
    logging::start(&args.log_level, LogFormat::Human);
    // What cannot be read is told before minutes are spent.
    let before = args.compare.as_deref().map(Run::read).transpose()?;
    let file = PluginFile::read(&args.plugin)?;
    wellhead_component::check(&file.wasm).with_context(|| args.plugin.display().to_string())?;
    let (_, _, manifest) = file.manifest(None)?;
    let request = Request::parse(&queries(args, &manifest)?, &args.defaults)?;
    let profile = args.profile.as_ref().map(|_| GuestProfile::default());
    let levels: Vec<usize> = args.concurrency.iter().map(|&level| level.into()).collect();
    let plan = Plan {
        file: &file,
        manifest: &manifest,
        source: &args.source,
        request: &request,
        levels: &levels,
        duration: args.duration,
        profile: profile.clone(),
    };
    let runtime =
        runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the async runtime")?;
    let run = runtime.block_on(plan.run())?;

    if let Some(path) = &args.save {
        let mut json = serde_json::to_vec_pretty(&run)?;
        json.push(b'\n');
        write_atomically(path, &json)?;
    }
    let compared = before.map(|before| Compared::new(&run, &before));
    for doubt in compared.iter().flat_map(|compared| &compared.doubts) {
        eprintln!("warning: {}", harmless(doubt));
    }
    print(&run, compared.as_ref().map(|compared| &compared.ratios), args.output)?;
    if let (Some(path), Some(profile)) = (&args.profile, &profile) {
        write_profile(path, profile)?;
    }
    let failed = run.levels.iter().any(|level| level.failed > 0);
    Ok(if failed { Outcome::PartFailed } else { Outcome::Done })
}

fn queries(args: &BenchArgs, manifest: &Manifest) -> Result<Vec<String>> {
    if !args.queries.is_empty() {
        return Ok(args.queries.clone());
    }
    let schema = manifest.wellhead.as_ref().and_then(|section| section.query_schema.as_ref());
    match schema.and_then(least_query) {
        Some(query) => Ok(vec![serde_json::to_string(&query)?]),
        None => bail!(
            "no query: the manifest of {} does not say enough to guess one; name one after FILE, such as '{{\"expr\":\"up\"}}'",
            manifest.id
        ),
    }
}

fn write_profile(path: &Path, profile: &GuestProfile) -> Result<()> {
    let samples = profile.samples();
    let json = profile.finish().context("no profile: no guest started")?;
    write_atomically(path, &json)?;
    eprintln!(
        "profile: {} samples in {} (open it at https://profiler.firefox.com, or with `samply load`)",
        grouped(usize::try_from(samples).unwrap_or(usize::MAX)),
        path.display()
    );
    Ok(())
}

fn print(run: &Run, ratios: Option<&Ratios>, format: Format) -> Result<()> {
    let mut out = io::stdout().lock();
    if format == Format::Json {
        serde_json::to_writer_pretty(&mut out, &Report { run, ratios })?;
        writeln!(out)?;
        return Ok(());
    }
    let name = format!("{} {}", run.plugin, run.version);
    writeln!(out, "{}", harmless(&name))?;
    writeln!(out, "cold start  {}", start(run.cold_start, ratios.and_then(|ratios| ratios.cold_start)))?;
    writeln!(out, "warm start  {}", start(run.warm_start, ratios.and_then(|ratios| ratios.warm_start)))?;
    let memory = run.memory_bytes.map_or("not told by this system".to_owned(), |bytes| {
        let of_before = with_ratio(format!("{} KiB", bytes / 1024), ratios.and_then(|ratios| ratios.memory_bytes));
        format!("{of_before} for each data source in use")
    });
    writeln!(out, "memory      {memory}")?;
    writeln!(out, "{}", table(run, ratios))?;
    for level in run.levels.iter().filter(|level| level.failed > 0) {
        let why = level.first_failure.as_deref().unwrap_or_default();
        let said = format!("{} requests failed with {} at once: {why}", level.failed, level.concurrency);
        eprintln!("error: {}", harmless(&said));
    }
    Ok(())
}

fn start(start: Start, ratio: Option<f64>) -> String {
    let millis = |seconds: f64| format!("{:.1} ms", seconds * 1e3);
    format!(
        "{} to the first answer: {} to load, {} to configure, {} to answer",
        with_ratio(millis(start.total_seconds), ratio),
        millis(start.compile_seconds),
        millis(start.configure_seconds),
        millis(start.answer_seconds)
    )
}

fn table(run: &Run, ratios: Option<&Ratios>) -> Table {
    let mut table = empty_table();
    table.set_header(["at once", "requests/s", "p50 ms", "p99 ms", "guest CPU µs", "host CPU µs", "failed"]);
    for (at, level) in run.levels.iter().enumerate() {
        let was = ratios.and_then(|ratios| *ratios.levels.get(at)?);
        let rate = grouped(level.requests_per_second.round().max(0.0) as usize);
        table.add_row([
            level.concurrency.to_string(),
            with_ratio(rate, was.and_then(|was| was.requests_per_second)),
            with_ratio(format!("{:.3}", level.p50_ms), was.and_then(|was| was.p50_ms)),
            with_ratio(format!("{:.3}", level.p99_ms), was.and_then(|was| was.p99_ms)),
            with_ratio(format!("{:.1}", level.guest_cpu_us), was.and_then(|was| was.guest_cpu_us)),
            with_ratio(format!("{:.1}", level.host_cpu_us), was.and_then(|was| was.host_cpu_us)),
            level.failed.to_string(),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// `12.3 (1.05×)`: the figure, and what multiple it is of the earlier one.
fn with_ratio(figure: String, ratio: Option<f64>) -> String {
    match ratio {
        Some(ratio) => format!("{figure} ({ratio:.2}×)"),
        None => figure,
    }
}
