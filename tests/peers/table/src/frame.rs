//! The tables as this project's frames.

use crate::{bytes, code, host, latency, load, message, ok, region, retried, time, value};
use wellhead_frame::{Field, Frame, FrameError, Timestamp};

fn column<T>(rows: usize, cell: impl Fn(usize) -> T) -> Vec<T> {
    (0..rows).map(cell).collect()
}

fn instants(rows: usize) -> Vec<Timestamp> {
    column(rows, |row| Timestamp::from_millis(time(row)))
}

/// Time and float64.
///
/// # Errors
/// None is known: columns are of one length.
pub fn series(rows: usize) -> Result<Frame, FrameError> {
    Frame::builder("series")
        .column(Field::new("time"), instants(rows))
        .column(Field::new("value"), column(rows, value))
        .build()
}

/// Ten columns with strings and nulls.
///
/// # Errors
/// None is known: columns are of one length.
pub fn mixed(rows: usize) -> Result<Frame, FrameError> {
    Frame::builder("mixed")
        .column(Field::new("time"), instants(rows))
        .column(Field::new("host"), column(rows, host))
        .column(Field::new("message"), column(rows, message))
        .column(Field::new("code"), column(rows, code))
        .column(Field::new("bytes"), column(rows, bytes))
        .column(Field::new("latency"), column(rows, latency))
        .column(Field::new("load"), column(rows, load))
        .column(Field::new("ok"), column(rows, ok))
        .column(Field::new("retried"), column(rows, retried))
        .column(Field::new("region"), column(rows, region))
        .build()
}
