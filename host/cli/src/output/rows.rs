//! Lists of things as tables for people, or as the server gave them.

use super::{empty_table, harmless};
use anyhow::Result;
use comfy_table::{Attribute, Cell, Table};
use serde_json::Value;
use std::io::{self, Write};

/// The form of a command's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// For people
    Table,
    /// As the server answers
    Json,
}

impl Form {
    /// Prints an answer as it is, or what `people` makes of it.
    pub(crate) fn print(self, answer: &Value, people: impl FnOnce(&Value) -> Result<String>) -> Result<()> {
        match self {
            Self::Table => writeln!(io::stdout(), "{}", people(answer)?)?,
            Self::Json => writeln!(io::stdout(), "{answer:#}")?,
        }
        Ok(())
    }
}

/// A field of an answer as a cell; empty where there is none.
pub(crate) fn text(item: &Value, field: &str) -> String {
    match item.get(field) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The marks of those fields that are true, as a cell.
pub(crate) fn marks<const N: usize>(item: &Value, fields: [(&str, &'static str); N]) -> String {
    let is_set = |field: &str| item.get(field).and_then(Value::as_bool).unwrap_or_default();
    let marks: Vec<&str> = fields.into_iter().filter(|(field, _)| is_set(field)).map(|(_, mark)| mark).collect();
    marks.join(", ")
}

/// A table with these headings. What stands in it came from elsewhere, and may not steer the terminal.
pub(crate) fn rows<const N: usize>(headings: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Table {
    let mut table = empty_table();
    table.set_header(headings.map(|heading| Cell::new(heading).add_attribute(Attribute::Bold)));
    for row in rows {
        table.add_row(row.map(|cell| Cell::new(harmless(&cell))));
    }
    table
}
