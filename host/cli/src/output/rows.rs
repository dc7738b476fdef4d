//! Lists of things as tables for people, or as the server gave them.

use super::{empty_table, harmless};
use comfy_table::{Attribute, Cell, Table};

/// The form of a command's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// For people
    Table,
    /// As the server answers
    Json,
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
