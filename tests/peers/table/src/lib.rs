//! The tables that all peers of `make bench-peers` answer with, cell by cell, so that each builds the same columns with
//! what it has. Cells cost a few instructions: what is measured is the way they go, not how they are made up.
//!
//! *Series*: `time` (milliseconds, 15 s apart) and `value` (float64).
//!
//! *Mixed*, ten columns: `time` (milliseconds), `host` (one of 16 texts), `message` (texts of 20 to 60 bytes, each 8th
//! null), `code` (int64), `bytes` (int64, each 5th null), `latency` (float64), `load` (float64, each 7th null), `ok`
//! (bool), `retried` (bool, each 3rd null), `region` (one of 4 texts, each 11th null).

#[cfg(feature = "frame")]
mod frame;

#[cfg(feature = "frame")]
pub use frame::{mixed, series};

/// The first row's instant, milliseconds since 1970.
const BEGIN: i64 = 1_700_000_000_000;
/// Between two rows, in milliseconds.
const STEP: i64 = 15_000;
const WORDS: &str = "connection refused by upstream while reading response header from upstream server";
const REGIONS: [&str; 4] = ["eu-west-1", "eu-central-1", "us-east-1", "ap-south-1"];
const HOSTS: [&str; 16] = [
    "web-00", "web-01", "web-02", "web-03", "web-04", "web-05", "web-06", "web-07", "db-00", "db-01", "db-02", "db-03",
    "cache-00", "cache-01", "queue-00", "queue-01",
];

/// Spreads a row's number over 64 bits (SplitMix64's finish), of which a guest's `usize` has but 32: whoever takes a part
/// takes it before it is one.
fn spread(row: usize) -> u64 {
    let mixed = (row as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A row's number below `bound`, the same in guests and hosts.
fn below(row: usize, bound: usize) -> usize {
    (spread(row) % bound as u64) as usize
}

fn picked<T>(row: usize, every: usize, cell: T) -> Option<T> {
    (!row.is_multiple_of(every)).then_some(cell)
}

/// `time`, milliseconds since 1970.
#[must_use]
pub fn time(row: usize) -> i64 {
    BEGIN.wrapping_add(STEP.wrapping_mul(row as i64))
}

/// `value`: digits as measurements have them, all of a double's.
#[must_use]
pub fn value(row: usize) -> f64 {
    (spread(row) >> 11) as f64 / (1u64 << 53) as f64 * 1_000.0
}

/// `latency`.
#[must_use]
pub fn latency(row: usize) -> f64 {
    value(row) / 3.0
}

/// `host`.
#[must_use]
pub fn host(row: usize) -> &'static str {
    HOSTS.get(below(row, HOSTS.len())).copied().unwrap_or_default()
}

/// `message`.
#[must_use]
pub fn message(row: usize) -> Option<&'static str> {
    picked(row, 8, WORDS.get(..20 + below(row, 41)).unwrap_or_default())
}

/// `code`.
#[must_use]
pub fn code(row: usize) -> i64 {
    200 + (spread(row) % 400) as i64
}

/// `bytes`.
#[must_use]
pub fn bytes(row: usize) -> Option<i64> {
    picked(row, 5, (spread(row) >> 30) as i64)
}

/// `load`.
#[must_use]
pub fn load(row: usize) -> Option<f64> {
    picked(row, 7, value(row) / 8.0)
}

/// `ok`.
#[must_use]
pub fn ok(row: usize) -> bool {
    !spread(row).is_multiple_of(10)
}

/// `retried`.
#[must_use]
pub fn retried(row: usize) -> Option<bool> {
    picked(row, 3, spread(row).is_multiple_of(4))
}

/// `region`.
#[must_use]
pub fn region(row: usize) -> Option<&'static str> {
    picked(row, 11, REGIONS.get(below(row, REGIONS.len())).copied().unwrap_or_default())
}
