//! What a person sees of an answer: each query's table, with what changed in it since the last run.

use super::compare::{Comparison, Row, Shown};
use crate::answer::Answer;
use crate::output::{empty_table, gather, harmless, title};
use comfy_table::{Attribute, Cell, Color, Table};
use std::collections::HashMap;
use std::fmt::Write;

/// Rows of a table that are shown. Those that changed come first where not all fit.
const MAX_ROWS: usize = 40;
/// Frames of an answer that are shown.
const MAX_FRAMES: usize = 10;

/// Remembers the answers of the last run.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// The last good answer of each refId: its frames' titles and texts.
    last: HashMap<String, Vec<Shown>>,
}

impl Report {
    /// The text of a run.
    pub(super) fn of(&mut self, answers: &[Answer]) -> String {
        let mut text = String::new();
        for answer in answers {
            let frames = gather(&answer.frames);
            let shown: Vec<Shown> = frames.iter().map(Shown::of).collect();
            let before = self.last.get(&answer.ref_id);
            for (index, (frame, now)) in frames.iter().zip(&shown).take(MAX_FRAMES).enumerate() {
                // Writing into a String cannot fail.
                let _ = write!(text, "{}", frame_text(&title(frame), now, before.map(|before| before.get(index))));
            }
            let hidden = frames.len().saturating_sub(MAX_FRAMES);
            if hidden > 0 {
                let _ = writeln!(text, "… and {hidden} more frames of {}", harmless(&answer.ref_id));
            }
            let gone = before.map_or(0, Vec::len).saturating_sub(frames.len());
            if gone > 0 && answer.error.is_none() {
                let _ = writeln!(text, "{} · {gone} fewer frames than before", harmless(&answer.ref_id));
            }
            if let Some(failure) = &answer.error {
                let source = failure.source.as_deref().map(|source| format!(", {source}")).unwrap_or_default();
                let (ref_id, message) = (harmless(&answer.ref_id), harmless(&failure.message));
                let _ = writeln!(text, "{ref_id} · error (status {}{source}): {message}", answer.status);
            } else {
                if frames.is_empty() {
                    let _ = writeln!(text, "{} · no frames", harmless(&answer.ref_id));
                }
                self.last.insert(answer.ref_id.clone(), shown);
            }
        }
        text
    }
}

/// `before`: nothing where the query was not answered yet, `Some(None)` where the answer had fewer frames.
fn frame_text(title: &str, now: &Shown, before: Option<Option<&Shown>>) -> String {
    let empty = Shown::default();
    let compared = match before {
        None => Some((Comparison::none(now), &empty)),
        Some(before) => {
            let before = before.unwrap_or(&empty);
            now.compare(before).map(|comparison| (comparison, before))
        }
    };
    let Some((comparison, before_shown)) = compared else {
        let all = Comparison::none(now);
        return format!("{title} · too many rows to compare\n{}\n", table(now, &empty, &all));
    };
    let summary = match (before, comparison.summary()) {
        (None, _) => return format!("{title}\n{}\n", table(now, &empty, &comparison)),
        (Some(_), summary) if summary.is_empty() => return format!("{title} · as before\n"),
        (Some(None), _) => "new".to_owned(),
        (Some(Some(_)), summary) => summary,
    };
    format!("{title} · {summary}\n{}\n", table(now, before_shown, &comparison))
}

fn table(now: &Shown, before: &Shown, comparison: &Comparison) -> String {
    let is_change = |row: &&Row| !matches!(row, Row::Same(_));
    let anything = comparison.rows.iter().any(|row| is_change(&row)) || comparison.columns.contains(&None);
    let mut rows: Vec<&Row> = comparison.rows.iter().collect();
    if rows.len() > MAX_ROWS && rows.iter().any(is_change) {
        rows.retain(|row| is_change(row));
    }
    let hidden = comparison.rows.len().saturating_sub(rows.len().min(MAX_ROWS));

    let mut table = empty_table();
    let headings = now.headings.iter().zip(&comparison.columns).map(|(heading, was)| {
        let cell = |text: String| Cell::new(text).add_attribute(Attribute::Bold);
        match was {
            Some(_) => cell(harmless(heading).into_owned()),
            None => cell(format!("+ {}", harmless(heading))).fg(Color::Green),
        }
    });
    let mark = anything.then(|| Cell::new(""));
    table.set_header(mark.into_iter().chain(headings).collect::<Vec<_>>());
    for row in rows.into_iter().take(MAX_ROWS) {
        let cells = (0..now.headings.len()).map(|column| cell(now, before, comparison, *row, column));
        table.add_row(anything.then(|| mark_of(*row)).into_iter().chain(cells).collect::<Vec<_>>());
    }
    with_rest(&table, hidden)
}

fn with_rest(table: &Table, hidden: usize) -> String {
    match hidden {
        0 => table.to_string(),
        hidden => format!("{table}\n… and {}", crate::words::counted(hidden, "more row")),
    }
}

fn mark_of(row: Row) -> Cell {
    match row {
        Row::Same(_) => Cell::new(""),
        Row::Added(_) => Cell::new("+").fg(Color::Green),
        Row::Removed(_) => Cell::new("-").fg(Color::Red),
        Row::Changed(..) => Cell::new("~").fg(Color::Yellow),
    }
}

fn cell(now: &Shown, before: &Shown, comparison: &Comparison, row: Row, column: usize) -> Cell {
    let text = |cell: Option<&str>| cell.map_or_else(|| "null".to_owned(), |cell| harmless(cell).into_owned());
    let was = |row: usize| {
        let column = comparison.columns.get(column).copied().flatten();
        column.map(|column| before.cell(row, column))
    };
    match row {
        Row::Same(row) => Cell::new(text(now.cell(row, column))),
        Row::Added(row) => Cell::new(text(now.cell(row, column))).fg(Color::Green),
        Row::Removed(row) => Cell::new(was(row).map(text).unwrap_or_default()).fg(Color::Red),
        Row::Changed(old, new) => match was(old) {
            Some(old) if old != now.cell(new, column) => {
                Cell::new(format!("{} → {}", text(old), text(now.cell(new, column)))).fg(Color::Yellow)
            }
            _ => Cell::new(text(now.cell(new, column))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Failure;
    use wellhead_frame::{Field, Frame};

    fn answer(values: &[f64]) -> Answer {
        let places: Vec<String> = (0..values.len()).map(|row| format!("place {row}")).collect();
        let frame = Frame::builder("cpu").ref_id("A").column(Field::new("place"), places);
        let frame = frame.column(Field::new("value"), values.to_vec()).build().unwrap();
        Answer { ref_id: "A".into(), status: 200, error: None, frames: vec![frame] }
    }

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn the_first_answer_has_no_marks_the_same_one_no_table_and_a_changed_cell_both_values() {
        let mut report = Report::default();
        let first = report.of(&[answer(&[1.0, 2.0, 3.0])]);
        assert!(lines(&first).contains(&"│ place 1 ┆ 2 │".to_owned()), "{first}");
        assert_eq!(report.of(&[answer(&[1.0, 2.0, 3.0])]), "A · cpu · 3 rows · as before\n");
        let changed = report.of(&[answer(&[1.0, 2.5, 3.0, 4.0])]);
        let lines = lines(&changed);
        assert_eq!(lines[0], "A · cpu · 4 rows · 1 row changed, 1 row added");
        for row in ["│ ┆ place 0 ┆ 1 │", "│ ~ ┆ place 1 ┆ 2 → 2.5 │", "│ + ┆ place 3 ┆ 4 │"] {
            assert!(lines.contains(&row.to_owned()), "{changed}");
        }
    }

    #[test]
    fn an_error_is_told_and_the_next_answer_is_compared_with_the_last_good_one() {
        let mut report = Report::default();
        report.of(&[answer(&[1.0])]);
        let failure = Failure { message: "no \u{1b}[31mway".into(), source: Some("downstream".into()) };
        let failed = Answer { ref_id: "A".into(), status: 502, error: Some(failure), frames: Vec::new() };
        assert_eq!(report.of(&[failed]), "A · error (status 502, downstream): no \\u{1b}[31mway\n");
        assert_eq!(report.of(&[answer(&[1.0])]), "A · cpu · 1 row · as before\n");
    }

    #[test]
    fn of_a_long_table_what_changed_is_shown() {
        let mut values: Vec<f64> = (0..100).map(f64::from).collect();
        let mut report = Report::default();
        let first = report.of(&[answer(&values)]);
        assert!(first.contains("… and 60 more rows"), "{first}");
        values[90] = -1.0;
        let changed = report.of(&[answer(&values)]);
        assert!(changed.contains("90 → -1") && changed.contains("… and 99 more rows"), "{changed}");
    }
}
