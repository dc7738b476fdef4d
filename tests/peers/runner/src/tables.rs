//! What was measured, as Markdown.

use crate::aims::{Aim, Bound};
use crate::figures::{Figures, Metric, three_digits};
use crate::machine::Machine;
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The whole page.
#[must_use]
pub fn page(machine: &Machine, rounds: usize, figures: &Figures, aims: &[Aim]) -> String {
    let mut page = String::from("# Measured side by side\n\n");
    let Machine { cpu, cores, kernel, rustc, load_before, load_after, .. } = machine;
    let memory = machine.memory.map_or(String::new(), |bytes| format!(", {} MiB of memory", bytes >> 20));
    line(
        &mut page,
        &format!(
            "{cpu}, {cores} cores{memory}; Linux {kernel}; {rustc}. Load {load_before} before, {load_after} after."
        ),
    );
    line(&mut page, "");
    line(
        &mut page,
        &format!(
            "Each figure is the median of {rounds} rounds in turns, with the least and the most. Made by `make bench-peers`."
        ),
    );
    line(&mut page, "\n## Ratios and their aims\n");
    table(&mut page, &["Ratio", "", "aim", ""], aims.iter().map(row_of));
    for work in works(figures) {
        line(&mut page, &format!("\n## {work}\n"));
        work_table(&mut page, figures, work);
    }
    if !figures.missing().is_empty() {
        line(&mut page, "\n## What is not there, and why\n");
        table(&mut page, &["Work", "peer", "why", "cases"], missing(figures).into_iter());
    }
    page
}

fn row_of(aim: &Aim) -> Vec<String> {
    let bound = match aim.bound {
        Bound::AtMost(most) => format!("≤ {most}"),
        Bound::AtLeast(least) => format!("≥ {least}"),
        Bound::Flat(part) => format!("1 ± {part}"),
        Bound::Shown => String::new(),
    };
    let ratio = aim.ratio.map_or_else(|| "not there".to_owned(), three_digits);
    let met = match aim.met {
        Some(true) => "met",
        Some(false) => "**missed**",
        None => "",
    };
    vec![cell(&aim.ratio_of), ratio, bound, met.to_owned()]
}

/// A row a reason, with all the cases it is given for.
fn missing(figures: &Figures) -> Vec<Vec<String>> {
    let mut cases: IndexMap<[&str; 3], Vec<&str>> = IndexMap::new();
    for missing in figures.missing() {
        cases.entry([missing.work, &missing.peer, &missing.reason]).or_default().push(&missing.case);
    }
    cases.into_iter().map(|(row, cases)| row.into_iter().map(cell).chain([cell(&cases.join("; "))]).collect()).collect()
}

fn works(figures: &Figures) -> Vec<&'static str> {
    let mut works = Vec::new();
    for key in figures.keys() {
        if !works.contains(&key.work) {
            works.push(key.work);
        }
    }
    works
}

fn work_table(page: &mut String, figures: &Figures, work: &'static str) {
    let keys = || figures.keys().filter(|key| key.work == work);
    let metrics: BTreeSet<Metric> = keys().map(|key| key.metric).collect();
    let mut rows: Vec<(&str, &str)> = Vec::new();
    for key in keys() {
        let row = (key.case.as_str(), key.peer.as_str());
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    let heads: Vec<&str> = ["Case", "peer"].into_iter().chain(metrics.iter().map(|metric| metric.title())).collect();
    let mut last = "";
    let rows = rows.iter().map(|&(case, peer)| {
        // A case is named where it begins.
        let named = if std::mem::replace(&mut last, case) == case { "" } else { case };
        let figure = |metric: &Metric| {
            let spread = figures.spread(work, case, peer, *metric);
            spread.map_or(String::new(), |spread| {
                let unit = metric.unit();
                if spread.least < spread.most { spread.shown(unit) } else { unit.shown(spread.median) }
            })
        };
        [cell(named), cell(peer)].into_iter().chain(metrics.iter().map(figure)).collect::<Vec<_>>()
    });
    table(page, &heads, rows);
}

fn table(page: &mut String, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    line(page, &format!("| {} |", heads.join(" | ")));
    line(page, &format!("|{}", "---|".repeat(heads.len())));
    for row in rows {
        line(page, &format!("| {} |", row.join(" | ")));
    }
}

/// What would end a cell or a row does not.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn line(page: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(page, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_figure_aim_and_reason() {
        let mut figures = Figures::default();
        for cpu in [3e-6, 1e-6, 2e-6] {
            figures.add("Calls", "health", "a", Metric::Cpu, cpu);
        }
        figures.add("Calls", "health", "b", Metric::P50, 0.5);
        for case in ["reload, cold", "reload, warm"] {
            figures.miss("Start", case, "b", "has | no\nsuch thing");
        }
        let aims = [
            Aim { ratio_of: "a / b".into(), ratio: Some(1.26), bound: Bound::AtMost(1.5), met: Some(true) },
            Aim { ratio_of: "b / a".into(), ratio: None, bound: Bound::AtLeast(10.0), met: None },
            Aim { ratio_of: "c / a".into(), ratio: Some(12.0), bound: Bound::Flat(0.2), met: Some(false) },
        ];
        let machine = Machine { cpu: "A processor".into(), load_before: "0.1 0.2 0.3".into(), ..Machine::this() };
        let page = page(&machine, 3, &figures, &aims);
        for expected in [
            "A processor, ",
            "Load 0.1 0.2 0.3 before",
            "| a / b | 1.26 | ≤ 1.5 | met |",
            "| b / a | not there | ≥ 10 |  |",
            "| c / a | 12.0 | 1 ± 0.2 | **missed** |",
            "## Calls\n\n| Case | peer | p50 | CPU a call |\n|---|---|---|---|\n| health | a |  | 2.00 µs (1.00 µs to 3.00 µs) |\n|  | b | 500 ms |  |",
            "| Start | b | has \\| no such thing | reload, cold; reload, warm |",
        ] {
            assert!(page.contains(expected), "{expected:?} is not in\n{page}");
        }
    }
}
