//! `wellhead inspect`: what a plugin's file says and holds, and what it costs to load.

use crate::bench::{LoadCost, load_cost};
use crate::exit::Outcome;
use crate::output::harmless;
use crate::progress;
use crate::words::{grouped, percent};
use anyhow::{Context, Result};
use serde::Serialize;
use std::fmt::{Display, Write as _};
use std::io::{self, Write as _};
use std::path::PathBuf;
use tokio::runtime;
use wellhead::Limits;
use wellhead_component::{Finding, Inspection, Interface, PluginFile, Severity};

const EXAMPLES: &str = r#"Examples:
  What a plugin is, what it may reach, and whether something is wrong with it:
    wellhead inspect target/plugins/testdata.wasm
  Before it is published, in a script (exit code 1 where no host would load it):
    wellhead inspect my-source.wasm -o json | jq '.sizes.total, .findings'

The manifest is the one that a host would take: NAME.plugin.json beside NAME.wasm, else the one that is embedded."#;

/// Show what a plugin's file holds: manifest, imports, what it may reach, sizes, first-load cost, warnings
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InspectArgs {
    /// The plugin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Form of the output
    #[arg(short, long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    output: Format,
    /// Do not compile it: read the file, and no more
    #[arg(long)]
    no_compile: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object, for programs
    Json,
}

/// Everything there is to print.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    file: String,
    #[serde(flatten)]
    inspection: Inspection,
    /// `None` where it was not compiled.
    first_load: Option<LoadCost>,
}

pub(crate) fn run(args: &InspectArgs) -> Result<Outcome> {
    let file = PluginFile::read(&args.file)?;
    let at = || args.file.display().to_string();
    let mut inspection = Inspection::of(&file, Limits::default().wasm_bytes).with_context(at)?;
    let mut first_load = None;
    if !args.no_compile && !inspection.is_refused() {
        let runtime =
            runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the async runtime")?;
        let _shown = progress::shown(format!("Compiling {}", args.file.display()));
        match runtime.block_on(load_cost(&file)) {
            Ok(cost) => first_load = Some(cost),
            Err(error) => inspection.findings.insert(0, Finding::fault(format!("{error:#}"))),
        }
    }
    let outcome = if inspection.is_refused() { Outcome::PartFailed } else { Outcome::Done };
    let report = Report { file: at(), inspection, first_load };
    let mut out = io::stdout().lock();
    match args.output {
        Format::Text => out.write_all(text(&report).as_bytes())?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &report)?;
            writeln!(out)?;
        }
    }
    Ok(outcome)
}

/// A heading and what stands under it; every text is a stranger's.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        if !value.is_empty() {
            // Writing into a String cannot fail.
            let _ = writeln!(self.0, "{name:<12} {}", harmless(&value));
        }
    }

    fn list<T: Display>(&mut self, name: &str, items: impl IntoIterator<Item = T>) {
        for (at, item) in items.into_iter().enumerate() {
            self.line(if at == 0 { name } else { "" }, item);
        }
    }
}

fn text(report: &Report) -> String {
    let seen = &report.inspection;
    let mut page = Page::default();
    page.line("file", &report.file);
    if let Some(manifest) = &seen.manifest {
        page.line("plugin", format!("{} {}, {:?}", manifest.id, manifest.info.version, manifest.name));
    }
    if let Some(place) = &seen.manifest_place {
        page.line("manifest", place);
    }
    page.line("contract", seen.contract.as_deref().unwrap_or_default());
    page.line("language", seen.languages.join(", "));
    page.list("SDK", &seen.sdk);
    page.list("made by", &seen.tools);
    page.list("exports", in_words(&seen.exports, "nothing that a host calls"));
    page.list("imports", in_words(&seen.imports, "not served by any host"));
    page.list("may reach", seen.reach.iter().flat_map(|reach| reach.sentences()));
    page.list("size", sizes(seen));
    if let Some(cost) = report.first_load {
        let millis = |seconds: f64| format!("{:.0} ms", seconds * 1e3);
        let (compile, cached) = (millis(cost.compile_seconds), millis(cost.cached_seconds));
        page.line("first load", format!("{compile} to compile it, {cached} from the cache"));
    }
    page.list("findings", seen.findings.iter().map(said));
    page.0
}

/// A line for each thing that is done with interfaces, and by which.
fn in_words(interfaces: &[Interface], unknown: &'static str) -> Vec<String> {
    let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
    for interface in interfaces {
        let words = if interface.known { interface.words } else { unknown };
        match told.iter_mut().find(|(told, _)| *told == words) {
            Some((_, names)) => names.push(&interface.name),
            None => told.push((words, vec![&interface.name])),
        }
    }
    told.into_iter().map(|(words, names)| format!("{words} ({})", names.join(", "))).collect()
}

fn sizes(seen: &Inspection) -> Vec<String> {
    let sizes = &seen.sizes;
    let parts = [
        (sizes.code, "code"),
        (sizes.data, "data"),
        (sizes.names, "names of functions"),
        (sizes.debug, "debug sections"),
        (sizes.manifest, "manifest"),
        (sizes.custom, "other custom sections"),
        (sizes.structure, "types, imports, how modules fit together"),
    ];
    let mut lines = vec![format!("{} bytes", grouped(sizes.total))];
    let line =
        |(bytes, what): (usize, &str)| format!("{:>12}  {:>6}  {what}", grouped(bytes), percent(bytes, sizes.total));
    lines.extend(parts.into_iter().filter(|(bytes, _)| *bytes > 0).map(line));
    lines.extend(sizes.modules.iter().filter(|_| sizes.modules.len() > 1).map(|module| {
        format!("{:>12}  {:>6}  in module {}", grouped(module.bytes), percent(module.bytes, sizes.total), module.index)
    }));
    lines
}

fn said(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Fault => "fault",
        Severity::Warning => "warning",
    };
    format!("{severity}: {}", finding.message)
}
