//! What differs between two answers to the same query, row by row and cell by cell.

use crate::output::FieldText;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};
use std::time::{Duration, Instant};
use wellhead_frame::Frame;

/// Rows of one frame that are compared.
const MAX_ROWS: usize = 5_000;
/// How long the least difference of one frame is looked for: that takes time with the square of what differs, and of a
/// series that ends now all instants do. What is left then is told as changed, row by row.
const PATIENCE: Duration = Duration::from_millis(100);

/// A frame as text: what is shown is what is compared. `None` is null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) headings: Vec<String>,
    pub(super) rows: Vec<Vec<Option<String>>>,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// It is as it was; its place now.
    Same(usize),
    /// Its place now.
    Added(usize),
    /// Its place before.
    Removed(usize),
    /// Its cells differ: its places before and now.
    Changed(usize, usize),
}

/// How a frame differs from the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comparison {
    /// In the order they are shown; a removed row stands where it was.
    pub(super) rows: Vec<Row>,
    /// For each column its place before, if it was there.
    pub(super) columns: Vec<Option<usize>>,
    /// Headings that are no more.
    pub(super) removed_columns: Vec<String>,
}

impl Shown {
    pub(super) fn of(frame: &Frame) -> Self {
        let texts: Vec<FieldText<'_>> = frame.fields().map(FieldText::new).collect();
        let headings = texts.iter().map(FieldText::heading).collect();
        let mut columns: Vec<_> = frame.fields().map(|field| field.values()).collect();
        let mut row = |_| {
            let cells = columns.iter_mut().zip(&texts);
            cells.map(|(column, text)| column.next().and_then(|value| text.value(&value))).collect()
        };
        let rows = (0..frame.num_rows()).map(&mut row).collect();
        Self { headings, rows }
    }

    pub(super) fn cell(&self, row: usize, column: usize) -> Option<&str> {
        self.rows.get(row)?.get(column)?.as_deref()
    }

    /// Compares with what was before. `None`: there is too much of it.
    pub(super) fn compare(&self, before: &Self) -> Option<Comparison> {
        if self.rows.len().max(before.rows.len()) > MAX_ROWS {
            return None;
        }
        let place = |heading: &String| before.headings.iter().position(|other| other == heading);
        let columns: Vec<Option<usize>> = self.headings.iter().map(place).collect();
        let is_gone = |heading: &&String| !self.headings.contains(heading);
        let removed_columns = before.headings.iter().filter(is_gone).cloned().collect();

        // Rows are the same that agree in the columns that both have.
        let shared: Vec<(usize, usize)> =
            columns.iter().enumerate().filter_map(|(now, was)| Some(((*was)?, now))).collect();
        let old: Vec<Vec<Option<&str>>> =
            (0..before.rows.len()).map(|row| shared.iter().map(|(was, _)| before.cell(row, *was)).collect()).collect();
        let new: Vec<Vec<Option<&str>>> =
            (0..self.rows.len()).map(|row| shared.iter().map(|(_, now)| self.cell(row, *now)).collect()).collect();
        let deadline = Some(Instant::now() + PATIENCE);
        let differences = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline);
        let rows = differences.into_iter().flat_map(rows_of).collect();
        Some(Comparison { rows, columns, removed_columns })
    }
}

impl Comparison {
    /// Of a frame with nothing before it.
    pub(super) fn none(shown: &Shown) -> Self {
        let rows = (0..shown.rows.len()).map(Row::Same).collect();
        Self { rows, columns: (0..shown.headings.len()).map(Some).collect(), removed_columns: Vec::new() }
    }

    /// `2 rows changed, 1 added, 1 column removed`; empty where all is as it was.
    pub(super) fn summary(&self) -> String {
        let count = |is_it: fn(&Row) -> bool| self.rows.iter().filter(|row| is_it(row)).count();
        let columns = self.columns.iter().filter(|before| before.is_none()).count();
        let parts = [
            (count(|row| matches!(row, Row::Changed(..))), "row", "changed"),
            (count(|row| matches!(row, Row::Added(_))), "row", "added"),
            (count(|row| matches!(row, Row::Removed(_))), "row", "removed"),
            (columns, "column", "added"),
            (self.removed_columns.len(), "column", "removed"),
        ];
        let said = parts.into_iter().filter(|(number, ..)| *number > 0);
        let said: Vec<String> =
            said.map(|(number, what, how)| format!("{} {how}", crate::words::counted(number, what))).collect();
        said.join(", ")
    }
}

fn rows_of(op: DiffOp) -> Vec<Row> {
    match op {
        DiffOp::Equal { new_index, len, .. } => (new_index..new_index + len).map(Row::Same).collect(),
        DiffOp::Delete { old_index, old_len, .. } => (old_index..old_index + old_len).map(Row::Removed).collect(),
        DiffOp::Insert { new_index, new_len, .. } => (new_index..new_index + new_len).map(Row::Added).collect(),
        DiffOp::Replace { old_index, old_len, new_index, new_len } => {
            let both = old_len.min(new_len);
            let changed = (0..both).map(|row| Row::Changed(old_index + row, new_index + row));
            let removed = (old_index + both..old_index + old_len).map(Row::Removed);
            let added = (new_index + both..new_index + new_len).map(Row::Added);
            changed.chain(removed).chain(added).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(headings: &[&str], rows: &[&[&str]]) -> Shown {
        let cells = |row: &&[&str]| row.iter().map(|cell| (*cell != "null").then(|| (*cell).to_owned())).collect();
        Shown { headings: headings.iter().map(|it| (*it).to_owned()).collect(), rows: rows.iter().map(cells).collect() }
    }

    #[test]
    fn rows_are_told_apart_as_a_person_would() {
        let before = shown(&["t", "v"], &[&["1", "a"], &["2", "b"], &["3", "c"], &["4", "d"]]);
        let now = shown(&["t", "v"], &[&["0", "z"], &["1", "a"], &["2", "B"], &["3", "c"]]);
        let comparison = now.compare(&before).unwrap();
        assert_eq!(comparison.rows, [Row::Added(0), Row::Same(1), Row::Changed(1, 2), Row::Same(3), Row::Removed(3)]);
        assert_eq!(comparison.summary(), "1 row changed, 1 row added, 1 row removed");
        assert_eq!(now.compare(&now).unwrap().summary(), "");
    }

    #[test]
    fn columns_are_matched_by_their_headings() {
        let before = shown(&["t", "old", "v"], &[&["1", "x", "a"], &["2", "y", "null"]]);
        let now = shown(&["v", "t", "new"], &[&["a", "1", "n"], &["null", "2", "n"]]);
        let comparison = now.compare(&before).unwrap();
        assert_eq!(comparison.rows, [Row::Same(0), Row::Same(1)]);
        assert_eq!(comparison.columns, [Some(2), Some(0), None]);
        assert_eq!(comparison.summary(), "1 column added, 1 column removed");
    }

    #[test]
    fn rows_that_all_moved_are_told_in_a_moment() {
        let moved = |from: usize| {
            let rows = (from..from + MAX_ROWS).map(|number| vec![Some(number.to_string()), Some("x".repeat(50))]);
            Shown { headings: vec!["t".into(), "v".into()], rows: rows.collect() }
        };
        let started = Instant::now();
        let comparison = moved(0).compare(&moved(10_000)).unwrap();
        assert_eq!(comparison.summary(), "5000 rows changed");
        assert!(started.elapsed() < PATIENCE * 10, "{:?}", started.elapsed());
    }

    #[test]
    fn too_many_rows_are_not_compared() {
        let many = Shown { headings: vec!["t".into()], rows: vec![vec![None]; MAX_ROWS + 1] };
        assert!(many.compare(&many).is_none());
    }
}
