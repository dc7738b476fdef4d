//! Plugins for people. Everything in it came from a server and from plugins' files: none of it may steer the terminal.

use super::item::{Generation, Item, Life, Refused};
use crate::output::{empty_table, harmless};
use crate::words::counted;
use comfy_table::{Attribute, Cell, CellAlignment, Table};
use std::fmt::Write;

const HEADINGS: [&str; 8] = ["plugin", "type", "state", "generation", "version", "hash", "instances", "remarks"];
/// Columns of numbers.
const NUMBERS: [usize; 2] = [3, 6];

/// One line a plugin.
pub(super) fn table(items: &[Item]) -> Table {
    let mut table = empty_table();
    table.set_header(HEADINGS.map(|heading| Cell::new(heading).add_attribute(Attribute::Bold)));
    for item in items {
        let Life { state, code, .. } = &item.wellhead;
        let cells = [
            item.id.clone(),
            item.kind.clone(),
            state.clone().unwrap_or_default(),
            code.generation.map(|number| number.to_string()).unwrap_or_default(),
            code.version.clone().unwrap_or_default(),
            code.hash.as_deref().map(short).unwrap_or_default(),
            code.instances.to_string(),
            remarks(&item.wellhead),
        ];
        table.add_row(cells.map(|cell| Cell::new(harmless(&cell))));
    }
    for number in NUMBERS {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// What is out of the ordinary.
fn remarks(life: &Life) -> String {
    let mut remarks = Vec::new();
    if let Some(hash) = &life.pinned {
        remarks.push(format!("pinned to {}", short(hash)));
    }
    if life.code.generation.is_some() && !life.auto_reload {
        remarks.push("auto-reload off".to_owned());
    }
    if let Some(hash) = &life.waiting {
        remarks.push(format!("{} waits", short(hash)));
    }
    if life.last_rejection.is_some() {
        remarks.push("rejected new code".to_owned());
    }
    if !life.quarantined.is_empty() {
        remarks.push(format!("{} quarantined", counted(life.quarantined.len(), "data source")));
    }
    remarks.join(", ")
}

/// All there is to know of one plugin, a line each.
pub(super) fn details(item: &Item) -> String {
    let life = &item.wellhead;
    let mut text = String::new();
    let mut line = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{name:<15} {}", harmless(value));
        }
    };
    line("plugin", Some(&item.id));
    line("name", Some(&item.name));
    line("type", Some(&item.kind));
    line("state", life.state.as_deref());
    line("file", life.file.as_deref());
    line("serves", life.code.generation.map(|_| generation_text(&life.code)).as_deref());
    line("compiled in", life.compile_ms.map(|compile| format!("{compile:.1} ms")).as_deref());
    line("instances", Some(&life.code.instances.to_string()));
    line("previous", life.previous.as_ref().map(generation_text).as_deref());
    line("candidate", life.candidate.as_ref().map(generation_text).as_deref());
    line("pinned", life.pinned.as_deref());
    line("auto-reload", Some(if life.auto_reload { "on" } else { "off" }));
    line("waiting", life.waiting.as_deref());
    let rejection = life.last_rejection.as_ref();
    line(
        "last rejection",
        rejection.map(|last| format!("{}: {}", last.at.as_deref().unwrap_or("?"), last.reason)).as_deref(),
    );
    for source in &life.quarantined {
        line("quarantined", Some(&format!("{} of org {}: {}", source.uid, source.org_id, source.reason)));
    }
    text
}

/// A file and why it was refused.
pub(super) fn refused(refused: &Refused) -> String {
    let message = match &refused.file {
        Some(file) if !refused.message.contains(file) => format!("{file}: {}", refused.message),
        _ => refused.message.clone(),
    };
    harmless(&message).into_owned()
}

fn generation_text(generation: &Generation) -> String {
    let mut parts = Vec::new();
    parts.extend(generation.generation.map(|number| format!("generation {number}")));
    parts.extend(generation.version.as_ref().map(|version| format!("version {version}")));
    parts.extend(generation.hash.clone());
    parts.extend(generation.loaded_at.as_ref().map(|at| format!("loaded {at}")));
    parts.join(", ")
}

fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn item(life: serde_json::Value) -> Item {
        let mut full = json!({
            "state": "active", "generation": 2, "hash": "ab".repeat(32), "version": "1.0.0",
            "loadedAt": "2026-01-01T00:00:00.000Z", "compileMs": 12.5, "instances": 1, "autoReload": true,
            "file": "/p/x.wasm",
        });
        full.as_object_mut().unwrap().extend(life.as_object().unwrap().clone());
        Item::read(&json!({"id": "x", "name": "X", "type": "datasource", "wellhead": full})).unwrap()
    }

    #[test]
    fn what_is_out_of_the_ordinary_is_remarked() {
        let pinned = item(json!({"pinned": "cd".repeat(32), "waiting": "ef".repeat(32), "autoReload": false}));
        let unwell = item(json!({
            "lastRejection": {"at": "2026-01-01T00:00:01.000Z", "reason": "bad\u{1b}[31m"},
            "quarantined": [{"orgId": 1, "uid": "p", "reason": "5 crashes"}],
        }));
        insta::assert_snapshot!(table(&[item(json!({})), pinned, unwell]).to_string());
    }

    #[test]
    fn the_details_have_every_reason_and_no_control_characters() {
        insta::assert_snapshot!(details(&item(json!({
            "previous": {"generation": 1, "hash": "12".repeat(32), "version": "0.9.0", "state": "retired",
                         "loadedAt": "2025-12-31T00:00:00.000Z", "instances": 0},
            "lastRejection": {"at": "2026-01-01T00:00:01.000Z", "reason": "bad\u{1b}[31m"},
            "quarantined": [{"orgId": 1, "uid": "p", "reason": "5 crashes"}],
        }))));
    }
}
