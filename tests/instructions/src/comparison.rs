//! A run beside the baseline: the table, and what to do about what has changed.

use crate::Counted;
use crate::baseline::Baseline;
use crate::hot_paths::HotPath;
use crate::made_with::MadeWith;
use comfy_table::{CellAlignment, Table, presets};
use std::fmt;

/// So much more than its baseline, in percent, a path may take; and so much less before the baseline is worth renewing.
/// The machine's part is below 0.1 %.
const TOLERANCE: u64 = 5;

/// What a baseline and a run say together.
#[derive(Debug)]
pub(crate) struct Comparison {
    rows: Vec<Row>,
    /// Why nothing is judged.
    differences: Vec<String>,
    /// In the baseline, and no path any more.
    gone: Vec<String>,
}

#[derive(Debug)]
struct Row {
    counted: Counted,
    baseline: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    AsBefore,
    Dearer,
    Cheaper,
    New,
}

impl Row {
    fn verdict(&self) -> Verdict {
        let Some(before) = self.baseline.map(u128::from) else { return Verdict::New };
        let (now, tolerance) = (u128::from(self.counted.instructions) * 100, u128::from(TOLERANCE));
        match () {
            () if now > before * (100 + tolerance) => Verdict::Dearer,
            () if now < before * (100 - tolerance) => Verdict::Cheaper,
            () => Verdict::AsBefore,
        }
    }

    fn ratio(&self) -> Option<f64> {
        self.baseline.map(|before| self.counted.instructions as f64 / before as f64)
    }
}

impl Comparison {
    /// `whole` where every path was counted: what the baseline has beside them is then gone.
    pub(crate) fn new(baseline: &Baseline, here: &MadeWith, counted: &[Counted], whole: bool) -> Self {
        let row = |counted: &Counted| Row {
            baseline: baseline.instructions.get(&counted.path.name).copied(),
            counted: counted.clone(),
        };
        let is_gone = |name: &&String| whole && counted.iter().all(|counted| counted.path.name != **name);
        Self {
            rows: counted.iter().map(row).collect(),
            differences: baseline.made_with.differences(here),
            gone: baseline.instructions.keys().filter(is_gone).cloned().collect(),
        }
    }

    /// Whether this path takes too much.
    pub(crate) fn is_dearer(&self, path: &HotPath) -> bool {
        self.of(Verdict::Dearer).any(|row| row.counted.path == *path)
    }

    /// Whether the change is to be refused as it is.
    pub(crate) fn has_failed(&self) -> bool {
        let faulty = |row: &Row| matches!(row.verdict(), Verdict::Dearer | Verdict::New);
        self.differences.is_empty() && (!self.gone.is_empty() || self.rows.iter().any(faulty))
    }

    fn of(&self, verdict: Verdict) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.verdict() == verdict)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", table(&self.rows))?;
        if !self.differences.is_empty() {
            writeln!(f, "NOT COMPARED: the baseline was made with something else, and its figures say nothing here.")?;
            self.differences.iter().try_for_each(|difference| writeln!(f, "  {difference}"))?;
            return write!(
                f,
                "To see what a change costs, run `make instructions-baseline` without it, then `make instructions` with it. \
                 Commit the baseline only when CI's toolchain is the new one."
            );
        }
        for row in self.of(Verdict::Dearer) {
            let name = &row.counted.path.name;
            writeln!(f, "DEARER: {name}: {}; up to {TOLERANCE} % more is allowed", change(row))?;
        }
        for row in self.of(Verdict::New) {
            writeln!(f, "NEW: {} has no baseline", row.counted.path.name)?;
        }
        for name in &self.gone {
            writeln!(f, "GONE: the baseline has {name}, and there is no such hot path")?;
        }
        for row in self.of(Verdict::Cheaper) {
            let name = &row.counted.path.name;
            writeln!(f, "CHEAPER: {name}: {}; renew the baseline, so that the gain is kept", change(row))?;
        }
        if self.has_failed() {
            write!(
                f,
                "FAILED: where instructions go, `callgrind_annotate target/instructions/PATH.callgrind` shows (/ is - there). \
                 If it is meant, `make instructions-baseline` writes the new figures: commit them with the change."
            )
        } else if self.of(Verdict::Cheaper).next().is_some() {
            write!(
                f,
                "No hot path takes over {TOLERANCE} % more than its baseline; `make instructions-baseline` renews it."
            )
        } else {
            write!(f, "No hot path takes over {TOLERANCE} % more than its baseline.")
        }
    }
}

fn change(row: &Row) -> String {
    let (now, before) = (grouped(row.counted.instructions), grouped(row.baseline.unwrap_or_default()));
    let percent = row.ratio().map_or(0.0, |ratio| (ratio - 1.0) * 100.0);
    format!("{now} instructions, {before} before ({percent:+.1} %)")
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["hot path", "instructions", "baseline", "ratio", "one repetition"]);
    for row in rows {
        let Counted { path, instructions } = &row.counted;
        let ratio = row.ratio().map(|ratio| format!("{ratio:.3}"));
        let before = row.baseline.map(grouped);
        table.add_row([
            path.name.clone(),
            grouped(*instructions),
            before.unwrap_or_default(),
            ratio.unwrap_or_default(),
            path.repetition.clone(),
        ]);
    }
    for column in table.column_iter_mut().skip(1).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// With commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hot_paths::HotPath;

    fn here() -> MadeWith {
        MadeWith { rustc: "rustc 1.95.0".into(), ..MadeWith::default() }
    }

    /// Figures of a run, and their baseline.
    fn compared(pairs: &[(&str, Option<u64>, Option<u64>)], here: &MadeWith) -> Comparison {
        let path = |name: &str| HotPath { name: name.to_owned(), repetitions: 1, repetition: "a thing".to_owned() };
        let counted: Vec<_> = pairs
            .iter()
            .filter_map(|(name, now, _)| now.map(|instructions| Counted { path: path(name), instructions }))
            .collect();
        let before = pairs.iter().filter_map(|(name, _, before)| Some(((*name).to_owned(), (*before)?)));
        let baseline = Baseline { made_with: self::here(), instructions: before.collect() };
        Comparison::new(&baseline, here, &counted, true)
    }

    #[test]
    fn five_percent_more_passes_and_one_instruction_over_that_fails() {
        let passes = compared(&[("a", Some(1_050), Some(1_000))], &here());
        assert!(!passes.has_failed(), "{passes}");
        let fails = compared(&[("a", Some(1_051), Some(1_000)), ("b", Some(1_000), Some(1_000))], &here());
        assert!(fails.has_failed());
        let said = fails.to_string();
        let expected = "DEARER: a: 1,051 instructions, 1,000 before (+5.1 %); up to 5 % more is allowed";
        assert!(said.contains(expected) && said.contains("make instructions-baseline"), "{said}");
        assert!(!said.contains("DEARER: b"), "{said}");
    }

    #[test]
    fn what_became_cheaper_passes_and_asks_for_a_new_baseline() {
        let cheaper = compared(&[("a", Some(949_999), Some(1_000_000)), ("b", Some(950), Some(1_000))], &here());
        assert!(!cheaper.has_failed());
        let said = cheaper.to_string();
        assert!(said.contains("CHEAPER: a: 949,999 instructions, 1,000,000 before (-5.0 %); renew"), "{said}");
        assert!(!said.contains("CHEAPER: b") && said.contains("`make instructions-baseline` renews it"), "{said}");
    }

    #[test]
    fn a_path_without_a_baseline_and_a_baseline_without_a_path_fail() {
        let new = compared(&[("a", Some(1), None)], &here());
        assert!(new.has_failed() && new.to_string().contains("NEW: a has no baseline"), "{new}");
        let gone = compared(&[("a", None, Some(1))], &here());
        assert!(gone.has_failed() && gone.to_string().contains("GONE: the baseline has a"), "{gone}");
    }

    #[test]
    fn a_run_of_some_paths_says_nothing_of_the_others() {
        let baseline = Baseline { made_with: here(), instructions: [("a".to_owned(), 1)].into() };
        assert!(!Comparison::new(&baseline, &here(), &[], false).has_failed());
    }

    #[test]
    fn with_another_compiler_nothing_is_judged_and_that_is_said() {
        let newer = MadeWith { rustc: "rustc 1.96.0".into(), ..here() };
        let other = compared(&[("a", Some(9_000), Some(1_000)), ("b", Some(1), None), ("c", None, Some(1))], &newer);
        assert!(!other.has_failed());
        let said = other.to_string();
        assert!(said.contains("NOT COMPARED") && said.contains(r#"rustc: "rustc 1.95.0" there, "rustc 1.96.0" here"#));
        assert!(!said.contains("DEARER") && !said.contains("No hot path"), "{said}");
    }

    #[test]
    fn numbers_have_commas_between_thousands() {
        assert_eq!([0, 999, 1_000, 38_410_628].map(grouped), ["0", "999", "1,000", "38,410,628"]);
    }
}
