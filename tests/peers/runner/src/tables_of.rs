//! The tables that are asked for, and what they are here.

use anyhow::{Result, anyhow};
use wellhead_frame::Frame;
use wellhead_peer::Table;
use wellhead_peer_table::{mixed, series};

/// Rows that frames are asked with.
pub const ROWS: [usize; 5] = [10, 1_000, 10_000, 100_000, 1_000_000];

/// A table, built.
///
/// # Errors
/// None is known.
pub fn frame(table: Table, rows: usize) -> Result<Frame> {
    let frame = match table {
        Table::Series => series(rows),
        Table::Mixed => mixed(rows),
    };
    frame.map_err(|error| anyhow!("no table: {error}"))
}

/// `series, 1,000 rows`.
#[must_use]
pub fn case(table: Table, rows: usize) -> String {
    format!("{}, {} rows", name(table), grouped(rows))
}

/// What a table is called.
#[must_use]
pub fn name(table: Table) -> &'static str {
    match table {
        Table::Series => "series",
        Table::Mixed => "mixed",
    }
}

/// `1,000,000`.
#[must_use]
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let numbers = [0, 999, 1_000, 12_345, 1_000_000].map(grouped);
        assert_eq!(numbers, ["0", "999", "1,000", "12,345", "1,000,000"]);
    }
}
