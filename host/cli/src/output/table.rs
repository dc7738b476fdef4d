//! Frames as tables for people: one a frame, numbers to the right, long ones cut where somebody looks on.

use super::text::{FieldText, harmless};
use crate::logging::wants_colour;
use crate::words::counted;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};
use std::io::{self, Write};
use wellhead_frame::{FieldType, Frame};

/// How much of a result is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Rows a frame.
    pub(crate) rows: usize,
    /// Frames.
    pub(crate) frames: usize,
}

impl Bounds {
    /// All of it: for pipes and files.
    pub(crate) const NONE: Self = Self { rows: usize::MAX, frames: usize::MAX };
    /// What a person still reads: a screen of rows a frame, and not a hundred frames.
    pub(crate) const SCREEN: Self = Self { rows: 40, frames: 20 };
}

/// Writes `frames`; the answer says what was left out, if anything.
pub(crate) fn write(out: &mut dyn Write, frames: &[Frame], bounds: Bounds) -> io::Result<Option<String>> {
    let mut hidden_rows = 0_usize;
    for (index, frame) in frames.iter().take(bounds.frames).enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", title(frame))?;
        if frame.num_fields() > 0 {
            writeln!(out, "{}", table(frame, bounds.rows))?;
        }
        hidden_rows = hidden_rows.saturating_add(frame.num_rows().saturating_sub(bounds.rows));
    }
    let hidden_frames = frames.len().saturating_sub(bounds.frames);
    let left_out: Vec<String> = [(hidden_rows, "more row"), (hidden_frames, "more frame")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| counted(number, what))
        .collect();
    Ok((!left_out.is_empty()).then(|| format!("{}: --rows 0 shows all", left_out.join(" and "))))
}

/// One line over the table: which query it answers, its name, how much of what it is.
pub(crate) fn title(frame: &Frame) -> String {
    let mut parts = Vec::new();
    if !frame.ref_id().is_empty() {
        parts.push(harmless(frame.ref_id()).into_owned());
    }
    if !frame.name().is_empty() {
        parts.push(harmless(frame.name()).into_owned());
    }
    parts.push(counted(frame.num_rows(), "row"));
    if let Some(kind) = frame.meta().and_then(|meta| meta.type_.as_ref()) {
        parts.push(harmless(kind.as_str()).into_owned());
    }
    parts.join(" · ")
}

/// A table without rows in the style of all of them: as wide as the terminal, if there is one.
pub(crate) fn empty_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    let width = table.width();
    if !wants_colour() {
        table.force_no_tty();
    }
    if let Some(width) = width {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

fn table(frame: &Frame, rows: usize) -> Table {
    let texts: Vec<FieldText<'_>> = frame.fields().map(FieldText::new).collect();
    let mut table = empty_table();
    table.set_header(texts.iter().map(|text| Cell::new(harmless(&text.heading())).add_attribute(Attribute::Bold)));

    let mut columns: Vec<_> = frame.fields().map(|field| field.values()).collect();
    for _ in 0..frame.num_rows().min(rows) {
        let cells = columns.iter_mut().zip(&texts).map(|(column, text)| {
            match column.next().and_then(|value| text.value(&value)) {
                Some(shown) => Cell::new(harmless(&shown)),
                None => Cell::new("null").fg(Color::DarkGrey),
            }
        });
        table.add_row(cells.collect::<Vec<_>>());
    }
    fit(&mut table, frame);
    table
}

/// Numbers stand to the right; numbers and instants are never broken over lines, their headings may be.
fn fit(table: &mut Table, frame: &Frame) {
    let widest: Vec<u16> = (0..frame.num_fields())
        .map(|column| {
            let cells = table.column_cells_iter(column).flatten().map(|cell| cell.content().chars().count());
            u16::try_from(cells.max().unwrap_or(0)).unwrap_or(u16::MAX)
        })
        .collect();
    for ((field, column), widest) in frame.fields().zip(table.column_iter_mut()).zip(widest) {
        if field.field_type().is_numeric() {
            column.set_cell_alignment(CellAlignment::Right);
        }
        if field.field_type().is_numeric() || field.field_type() == FieldType::Time {
            let with_padding = widest.saturating_add(2);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(with_padding)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_frame::{Field, Timestamp};

    fn frame(rows: i64) -> Frame {
        Frame::builder("cpu")
            .ref_id("A")
            .column(Field::new("time"), (0..rows).map(Timestamp::from_seconds).collect::<Vec<_>>())
            .column(
                Field::new("value"),
                (0..rows).map(|row| (row != 1).then_some(row as f64 * 100.0)).collect::<Vec<_>>(),
            )
            .build()
            .unwrap()
    }

    fn shown(frames: &[Frame], bounds: Bounds) -> (String, Option<String>) {
        let mut out = Vec::new();
        let notice = write(&mut out, frames, bounds).unwrap();
        (String::from_utf8(out).unwrap(), notice)
    }

    #[test]
    fn numbers_stand_to_the_right_and_null_is_said() {
        let (text, notice) = shown(&[frame(3)], Bounds::NONE);
        assert_eq!(notice, None);
        insta::assert_snapshot!(text, @r"
        A · cpu · 3 rows
        ┌──────────────────────┬───────┐
        │ time                 ┆ value │
        ╞══════════════════════╪═══════╡
        │ 1970-01-01T00:00:00Z ┆     0 │
        │ 1970-01-01T00:00:01Z ┆  null │
        │ 1970-01-01T00:00:02Z ┆   200 │
        └──────────────────────┴───────┘
        ");
    }

    #[test]
    fn what_is_cut_is_counted() {
        let frames = [frame(5), frame(1), frame(9)];
        let (text, notice) = shown(&frames, Bounds { rows: 3, frames: 2 });
        assert_eq!(notice.unwrap(), "2 more rows and 1 more frame: --rows 0 shows all");
        assert!(text.contains("00:00:02Z") && !text.contains("00:00:03Z"), "{text}");
    }

    #[test]
    fn a_frame_without_fields_is_a_line() {
        let (text, _) = shown(&[Frame::empty("nothing")], Bounds::NONE);
        assert_eq!(text, "nothing · 0 rows\n");
    }
}
