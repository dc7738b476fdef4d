//! `wellhead frame`: shows a frame, or writes it in another form.

use crate::exit::Outcome;
use crate::input;
use crate::output::OutputArgs;
use anyhow::Result;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  wellhead frame result.arrow                      show an Arrow file or stream as a table
  wellhead frame frame.json -o arrow > frame.arrow convert a Grafana frame to Arrow
  curl -s … /api/ds/query … | wellhead frame -     show a whole answer of Grafana's query API
  wellhead frame result.arrow -o csv | head        the first rows as CSV";

/// Show or convert a data frame: an Arrow file or stream, or Grafana's JSON
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FrameArgs {
    /// File to read, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run(args: &FrameArgs) -> Result<Outcome> {
    args.output.check()?;
    args.output.print(&input::read(&args.file)?)
}
