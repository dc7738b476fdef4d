//! `wellhead pack`: makes a component ready to be published.

use crate::exit::Outcome;
use crate::output::harmless;
use crate::progress;
use crate::words::{grouped, percent};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use wellhead_component::{Optimised, Optimiser, PluginFile, pack, write_atomically};

const EXAMPLES: &str = r#"Examples:
  After a build, to ./ID.wasm, where ID is the plugin's:
    wellhead pack target/wasm32-wasip2/release/my_source.wasm
  With a manifest from elsewhere, in place:
    wellhead pack my-source.wasm --manifest plugin.json -o my-source.wasm

The manifest is the one that --manifest names, else NAME.plugin.json beside NAME.wasm, else the one that is embedded,
else plugin.json in the same folder. Where wasm-opt (Binaryen) is in PATH, core modules are optimised with it."#;

/// Make a component ready to be published: manifest at its top, no debug sections, optimised
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PackArgs {
    /// The component that the build made
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to put what was packed [default: ID.wasm in the current folder]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The manifest to embed
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Leave the code as it is, even where wasm-opt is there
    #[arg(long)]
    no_optimize: bool,
    /// Replace FILE itself, where the output would be the same file
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &PackArgs) -> Result<Outcome> {
    let file = PluginFile::read(&args.file)?;
    let at = || args.file.display().to_string();
    // Before the manifest: of what is no component, a missing manifest is not what is wrong.
    wellhead_component::check(&file.wasm).with_context(at)?;
    let (json, place, manifest) = file.manifest(args.manifest.as_deref())?;
    let output = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.wasm", manifest.id)));
    if args.output.is_none() && !args.force && same_file(&args.file, &output) {
        bail!("{} would be replaced by itself packed: say so with --force, or name another file with -o", at());
    }
    let optimiser = if args.no_optimize { None } else { Optimiser::find(std::env::var_os("PATH")) };
    let shown = progress::shown(format!("Packing {}", args.file.display()));
    let packed = pack(&file.wasm, &json, optimiser.as_ref()).with_context(at)?;
    drop(shown);
    write_atomically(&output, &packed.wasm)?;

    let (before, after) = (file.wasm.len(), packed.wasm.len());
    let mut lines = vec![
        format!("packed    {} {}, into {}", manifest.id, manifest.info.version, output.display()),
        format!("before    {} bytes", grouped(before)),
        format!("after     {} bytes, {} of it", grouped(after), percent(after, before)),
        format!("manifest  {place}"),
    ];
    let dropped = packed.dropped.iter();
    lines.extend(dropped.map(|section| format!("dropped   {}, {} bytes", section.name, grouped(section.bytes))));
    lines.extend(packed.optimised.iter().map(|optimised| match optimised {
        Optimised::Replaced { before, after } => {
            format!("wasm-opt  {} bytes of code and data became {}", grouped(*before), grouped(*after))
        }
        Optimised::Kept { reason } => format!("wasm-opt  left the code as it is: {reason}"),
    }));
    if optimiser.is_none() && !args.no_optimize {
        lines.push("wasm-opt  is not in PATH, so the code stays as it is (it comes with Binaryen)".into());
    }
    lines.push("checked   packed twice, the same bytes both times".into());
    let mut out = io::stdout().lock();
    for line in lines {
        writeln!(out, "{}", harmless(&line))?;
    }
    Ok(Outcome::Done)
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}
