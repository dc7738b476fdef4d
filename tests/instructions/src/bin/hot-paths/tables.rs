//! The frames that are measured: the same values in every run.

use anyhow::Result;
use wellhead_frame::{Column, Field, Frame, Timestamp};

/// Rows of a frame that a panel shows, and of one that an export asks for.
pub(crate) const FEW: usize = 1_000;
/// See [`FEW`].
pub(crate) const MANY: usize = 100_000;

/// Time and float64: what most queries answer.
pub(crate) struct Series {
    times: Vec<Timestamp>,
    values: Vec<f64>,
}

impl Series {
    pub(crate) fn new(rows: usize) -> Self {
        Self { times: times(rows), values: floats(rows) }
    }

    pub(crate) fn build(&self) -> Result<Frame> {
        let frame = Frame::builder("series").column(Field::new("time"), self.times.clone());
        Ok(frame.column(Field::new("value").label("host", "a"), self.values.clone()).build()?)
    }
}

/// Ten columns as a database has them: texts short and long, ASCII or not, and nulls in every third column.
pub(crate) struct Mixed {
    times: Vec<Timestamp>,
    floats: Vec<f64>,
    gaps: Vec<Option<f64>>,
    counts: Vec<i64>,
    codes: Vec<Option<i32>>,
    hosts: Vec<String>,
    notes: Vec<Option<String>>,
    flags: Vec<bool>,
    answers: Vec<Option<bool>>,
    sizes: Vec<u64>,
}

impl Mixed {
    pub(crate) fn new(rows: usize) -> Self {
        let one_in = |step: usize, row: usize| row.is_multiple_of(step);
        let note = |row: usize| match row % 4 {
            0 => format!("GET /api/v1/query?{row} took longer than it should have"),
            1 => "größer als erwartet: naïve façade".to_owned(),
            2 => "said \"no\"\n".to_owned(),
            _ => "ok".to_owned(),
        };
        Self {
            times: times(rows),
            floats: floats(rows),
            gaps: floats(rows).into_iter().enumerate().map(|(row, value)| (!one_in(7, row)).then_some(value)).collect(),
            counts: (0..rows as i64).map(|row| row * 7_919).collect(),
            codes: (0..rows).map(|row| (!one_in(5, row)).then_some((row % 600) as i32)).collect(),
            hosts: (0..rows).map(|row| format!("host-{}.example.com", row % 50)).collect(),
            notes: (0..rows).map(|row| (!one_in(3, row)).then(|| note(row))).collect(),
            flags: (0..rows).map(|row| one_in(2, row)).collect(),
            answers: (0..rows).map(|row| (!one_in(11, row)).then(|| one_in(3, row))).collect(),
            sizes: (0..rows as u64).map(|row| row << 20).collect(),
        }
    }

    pub(crate) fn build(&self) -> Result<Frame> {
        let columns: [(&str, Column); 10] = [
            ("time", self.times.clone().into()),
            ("duration", self.floats.clone().into()),
            ("load", self.gaps.clone().into()),
            ("count", self.counts.clone().into()),
            ("code", self.codes.clone().into()),
            ("host", self.hosts.iter().map(String::as_str).collect()),
            ("note", self.notes.iter().map(Option::as_deref).collect()),
            ("flag", self.flags.clone().into()),
            ("answer", self.answers.clone().into()),
            ("size", self.sizes.clone().into()),
        ];
        let named = Frame::builder("mixed");
        Ok(columns.into_iter().fold(named, |frame, (name, column)| frame.column(Field::new(name), column)).build()?)
    }
}

fn times(rows: usize) -> Vec<Timestamp> {
    (0..rows as i64).map(|row| Timestamp::from_millis(1_700_000_000_000 + row * 15_000)).collect()
}

/// With all the digits that a float64 has, as measured values do.
fn floats(rows: usize) -> Vec<f64> {
    // Not the sine: whose last digit is the C library's.
    (0..rows).map(|row| ((row * 7_919) % 10_007) as f64 / 9.7).collect()
}
