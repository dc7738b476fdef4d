//! Answers on standard output, in the form that was asked for; what went wrong, and what was left out, on standard error.

mod csv;
mod live;
mod rows;
mod single_points;
mod table;
mod text;

use crate::answer::{self, Answer};
use crate::exit::Outcome;
use anyhow::{Result, bail};
pub(crate) use live::{LiveFormat, LivePrinter};
pub(crate) use rows::{Form, marks, rows, text};
pub(crate) use single_points::gather;
use std::io::{self, BufWriter, IsTerminal, Write};
use table::Bounds;
pub(crate) use table::{empty_table, title};
pub(crate) use text::{FieldText, harmless, harmless_lines};
use wellhead_frame::{Notice, Severity};

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// As /api/ds/query answers: {"results":{"A":{"status":200,"frames":[…]}}}
    Json,
    /// A heading line, then rows; frames stand apart by an empty line
    Csv,
    /// Arrow IPC streams, one a frame, one after another
    Arrow,
    /// Bare frames in Grafana's JSON: one as an object, several as an array
    Grafana,
}

/// How answers are shown.
#[derive(Debug, clap::Args)]
pub(crate) struct OutputArgs {
    /// Form of the output
    #[arg(short, long, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    output: Format,
    /// Rows of a table to show; 0 shows all [default: 40 on a terminal, all otherwise]
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
}

impl OutputArgs {
    fn bounds(&self, terminal: bool) -> Bounds {
        match self.rows {
            Some(0) => Bounds::NONE,
            Some(rows) => Bounds { rows, ..Bounds::NONE },
            None if terminal => Bounds::SCREEN,
            None => Bounds::NONE,
        }
    }

    /// Fails where the output could not be shown, before there is any.
    pub(crate) fn check(&self) -> Result<()> {
        if self.output == Format::Arrow && io::stdout().is_terminal() {
            bail!("Arrow is binary: send it to a file or a pipe, for example with > result.arrow");
        }
        Ok(())
    }

    /// Prints every answer. A failed one makes the whole a failure, after the good ones were printed.
    pub(crate) fn print(&self, answers: &[Answer]) -> Result<Outcome> {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let frames: Vec<_> = Answer::frames(answers).cloned().collect();
        let mut out = BufWriter::with_capacity(1 << 16, stdout.lock());
        let mut left_out = None;
        match self.output {
            Format::Table => left_out = table::write(&mut out, &gather(&frames), self.bounds(terminal))?,
            Format::Json => answer::write_response(&mut out, answers)?,
            Format::Csv => csv::write(&mut out, &frames)?,
            Format::Arrow => frames.iter().try_for_each(|frame| anyhow::Ok(out.write_all(&frame.to_ipc_stream()?)?))?,
            Format::Grafana => answer::write_bare(&mut out, frames.iter())?,
        }
        out.flush()?;
        drop(out);
        if let Some(left_out) = left_out {
            eprintln!("{left_out}");
        }
        Ok(report(answers))
    }
}

/// A notice as a line, with what it is about.
fn notice(on: Option<&str>, notice: &Notice) -> String {
    let severity = match notice.severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error notice",
    };
    let on = on.map(|on| format!(" on {on}")).unwrap_or_default();
    format!("{severity}{on}: {}", harmless(&notice.text))
}

/// Notices and errors, on standard error in every format: a pipe gets data alone.
fn report(answers: &[Answer]) -> Outcome {
    let mut outcome = Outcome::Done;
    for answer in answers {
        let ref_id = harmless(&answer.ref_id);
        for said in answer.frames.iter().filter_map(|frame| frame.meta()).flat_map(|meta| &meta.notices) {
            eprintln!("{}", notice(Some(&ref_id), said));
        }
        if let Some(failure) = &answer.error {
            let source = failure.source.as_deref().map(|source| format!(", {source}")).unwrap_or_default();
            eprintln!("error in {ref_id} (status {}{source}): {}", answer.status, harmless(&failure.message));
            outcome = Outcome::PartFailed;
        }
    }
    outcome
}
