//! A row of JSONCompact into its columns' cells, value by value: no list is made of values, of which a server may send
//! many more than there are columns.

use super::cells::Cells;
use serde::de::{Deserializer as _, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Deserializer, Error};
use std::fmt;

/// How much of a value is shown that is not read.
const SHOWN: usize = 100;

/// Why a row is not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is no JSON, or has more or fewer values than there are columns.
    Row(Error),
    /// A value that its column does not have: the column's place, and how the value begins.
    Value(usize, String),
}

/// Adds a value to each of the cells.
pub(super) fn read(row: &str, cells: &mut [Cells]) -> Result<(), Unread> {
    let mut unread = None;
    let mut json = Deserializer::from_str(row);
    let read = json.deserialize_seq(Row { cells, unread: &mut unread }).and_then(|()| json.end());
    match (read, unread) {
        (Ok(()), _) => Ok(()),
        (Err(_), Some((column, value))) => Err(Unread::Value(column, value)),
        (Err(error), None) => Err(Unread::Row(error)),
    }
}

struct Row<'a> {
    cells: &'a mut [Cells],
    unread: &'a mut Option<(usize, String)>,
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut values: S) -> Result<(), S::Error> {
        let wrong = || S::Error::custom("a row has more or fewer values than there are columns");
        for (column, cells) in self.cells.iter_mut().enumerate() {
            let value: &RawValue = values.next_element()?.ok_or_else(wrong)?;
            if cells.push(value.get()).is_err() {
                *self.unread = Some((column, value.get().chars().take(SHOWN).collect()));
                return Err(S::Error::custom("a value that its column does not have"));
            }
        }
        match values.next_element::<IgnoredAny>()? {
            None => Ok(()),
            Some(_) => Err(wrong()),
        }
    }
}
