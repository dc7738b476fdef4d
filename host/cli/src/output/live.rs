//! Frames as they come, in the form that was asked for: nothing is held back until the end, because there is none.

use super::text::{FieldText, harmless};
use super::{csv, notice};
use anyhow::{Result, bail};
use std::io::{self, IsTerminal, Write};
use wellhead_frame::{Frame, JsonOptions, SchemaRef};

/// Narrowest column of a value that changes: headings are often shorter than what stands under them.
const NARROWEST: usize = 8;

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LiveFormat {
    /// A heading where the fields change, then a line a row: for people
    Rows,
    /// A frame a line, in Grafana's JSON with its schema
    Json,
    /// As rows, comma-separated
    Csv,
    /// Arrow IPC streams, one a frame, one after another
    Arrow,
}

/// Prints frames.
#[derive(Debug)]
pub(crate) struct LivePrinter {
    format: LiveFormat,
    /// Of the last frame.
    schema: Option<SchemaRef>,
    /// Characters that each column has needed so far.
    widths: Vec<usize>,
}

impl LivePrinter {
    pub(crate) fn new(format: LiveFormat) -> Result<Self> {
        if format == LiveFormat::Arrow && io::stdout().is_terminal() {
            bail!("Arrow is binary: send it to a file or a pipe, for example with > frames.arrow");
        }
        Ok(Self { format, schema: None, widths: Vec::new() })
    }

    /// Prints one frame; its notices go to standard error, so that a pipe gets data alone.
    pub(crate) fn print(&mut self, frame: &Frame) -> Result<()> {
        for said in frame.meta().into_iter().flat_map(|meta| &meta.notices) {
            eprintln!("{}", notice(None, said));
        }
        let mut out = io::stdout().lock();
        self.write(&mut out, frame)?;
        Ok(out.flush()?)
    }

    fn write(&mut self, out: &mut dyn Write, frame: &Frame) -> Result<()> {
        match self.format {
            LiveFormat::Json => {
                out.write_all(&frame.to_json(&JsonOptions::default())?)?;
                out.write_all(b"\n")?;
            }
            LiveFormat::Arrow => out.write_all(&frame.to_ipc_stream()?)?,
            // What says something by its notices alone.
            LiveFormat::Rows | LiveFormat::Csv if frame.num_rows() == 0 => {}
            LiveFormat::Rows | LiveFormat::Csv => {
                let has_new_fields =
                    self.schema.as_ref().is_none_or(|schema| schema.fields() != frame.schema().fields());
                if has_new_fields && self.schema.is_some() {
                    out.write_all(b"\n")?;
                }
                self.schema = Some(frame.schema().clone());
                if self.format == LiveFormat::Csv {
                    csv::write_rows(out, frame, has_new_fields)?;
                } else {
                    self.rows(out, frame, has_new_fields)?;
                }
            }
        }
        Ok(())
    }

    fn rows(&mut self, out: &mut dyn Write, frame: &Frame, has_new_fields: bool) -> io::Result<()> {
        let texts: Vec<FieldText<'_>> = frame.fields().map(FieldText::new).collect();
        let mut columns: Vec<_> = frame.fields().map(|field| field.values()).collect();
        let cells = |_| {
            let cells = columns.iter_mut().zip(&texts).map(|(column, text)| {
                let shown = column.next().and_then(|value| text.value(&value));
                shown.map_or_else(|| "null".to_owned(), |shown| harmless(&shown).into_owned())
            });
            cells.collect::<Vec<_>>()
        };
        let mut lines: Vec<Vec<String>> = (0..frame.num_rows()).map(cells).collect();
        if has_new_fields {
            self.widths = vec![NARROWEST; texts.len()];
            lines.insert(0, texts.iter().map(|text| harmless(&text.heading()).into_owned()).collect());
        }
        // Before any is written, so that the heading stands over its column.
        for cells in &lines {
            let grown = self.widths.iter_mut().zip(cells);
            grown.for_each(|(width, cell)| *width = (*width).max(cell.chars().count()));
        }
        lines.iter().try_for_each(|cells| self.line(out, frame, cells))
    }

    /// Numbers stand to the right. A column that needs more room has it from then on.
    fn line(&self, out: &mut dyn Write, frame: &Frame, cells: &[String]) -> io::Result<()> {
        let mut line = String::new();
        for ((cell, width), field) in cells.iter().zip(&self.widths).zip(frame.fields()) {
            if !line.is_empty() {
                line.push_str("  ");
            }
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) =
                if field.field_type().is_numeric() { (padding.as_str(), "") } else { ("", padding.as_str()) };
            line.extend([before, cell, after]);
        }
        writeln!(out, "{}", line.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_frame::{Field, Timestamp};

    fn shown(format: LiveFormat, frames: &[Frame]) -> String {
        let mut printer = LivePrinter { format, schema: None, widths: Vec::new() };
        let mut out = Vec::new();
        frames.iter().for_each(|frame| printer.write(&mut out, frame).unwrap());
        String::from_utf8(out).unwrap()
    }

    fn walk(second: i64, value: Option<f64>) -> Frame {
        Frame::builder("walk")
            .column(Field::new("time"), vec![Timestamp::from_seconds(second)])
            .column(Field::new("value"), vec![value])
            .build()
            .unwrap()
    }

    #[test]
    fn a_heading_stands_over_the_first_row_and_where_the_fields_change() {
        let line = Frame::builder("").column(Field::new("line"), vec!["a\u{1b}b"]).build().unwrap();
        let text = shown(LiveFormat::Rows, &[walk(0, Some(1.5)), walk(1, None), Frame::empty(""), line]);
        insta::assert_snapshot!(text, @r"
        time                     value
        1970-01-01T00:00:00Z       1.5
        1970-01-01T00:00:01Z      null

        line
        a\u{1b}b
        ");
    }

    #[test]
    fn csv_has_its_heading_once() {
        let text = shown(LiveFormat::Csv, &[walk(0, Some(1.5)), walk(1, None)]);
        assert_eq!(text, "time,value\n1970-01-01T00:00:00Z,1.5\n1970-01-01T00:00:01Z,\n");
    }

    #[test]
    fn every_line_of_json_is_a_whole_frame() {
        let text = shown(LiveFormat::Json, &[walk(0, Some(1.5)), walk(1, None)]);
        assert_eq!(text.lines().filter(|line| line.contains("\"schema\"")).count(), 2);
    }
}
