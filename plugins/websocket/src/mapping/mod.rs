//! From messages to rows: where the rows are in one, which values of a row are fields, and what type each field has, as
//! far as messages have shown. A field that is new, or whose type must be wider, makes a new schema, and what was built
//! under the old one stays as it is.

mod column;
mod rows;
mod tally;
#[cfg(test)]
mod tests;
mod time;

pub(crate) use rows::{Budget, Rows};
pub(crate) use tally::{Tally, Trouble};

use crate::document::Json;
use crate::path::Path;
use crate::query::{ArrivalTime, Query};
use column::Column;
use rows::Layout;
use std::rc::Rc;

/// The most fields of a frame; what more there is in messages is left out.
pub(crate) const MOST_FIELDS: usize = 256;
/// Longest name of a field that is inferred, in bytes, as paths have it; what is under longer keys is left out.
const LONGEST_NAME: usize = 512;
/// Objects inside objects become fields of their own down to here; deeper ones are JSON.
const DEEPEST: usize = 6;
/// What a message is called that is a number or a text by itself.
const ALONE: &str = "value";

/// Turns one channel's messages into rows.
#[derive(Debug)]
pub(crate) struct Mapper {
    rows: Option<Path>,
    /// What the query's fields have taken, by inferred names; `None` where nothing is inferred.
    taken: Option<Vec<String>>,
    arrival: ArrivalTime,
    columns: Vec<Column>,
    /// `None` before the first row, and where a column has changed since.
    layout: Option<Rc<Layout>>,
    /// Whether rows have a time of arrival; decided at the first one.
    has_arrival: Option<bool>,
}

/// The values of one row, by column.
type Cells<'v, 'a> = Vec<Option<&'v Json<'a>>>;

impl Mapper {
    pub(crate) fn new(query: &Query) -> Self {
        let columns: Vec<Column> = query.fields.iter().take(MOST_FIELDS).map(Column::of_spec).collect();
        let infers = query.fields.is_empty() || query.other_fields;
        let taken = infers.then(|| columns.iter().filter_map(|column| Some(column.path.as_ref()?.dotted())).collect());
        Self { rows: query.rows.clone(), taken, arrival: query.time, columns, layout: None, has_arrival: None }
    }

    /// Adds a message's rows.
    pub(crate) fn take(&mut self, message: &Json<'_>, arrived: i64, into: &mut Rows, tally: &mut Tally) {
        let found = match &self.rows {
            Some(path) => path.find(message),
            None => Some(message),
        };
        let is_one_row = self.rows.as_ref().is_some_and(Path::is_root);
        let mut cells = Vec::new();
        match found {
            Some(Json::List(rows)) if !is_one_row => {
                for row in rows {
                    self.row(row, arrived, &mut cells, into, tally);
                }
            }
            Some(Json::Null) => {}
            Some(row) => self.row(row, arrived, &mut cells, into, tally),
            None => tally.count(Trouble::NoRows, || self.rows.as_ref().map(|path| path.as_str().to_owned())),
        }
    }

    fn row<'v, 'a>(
        &mut self,
        row: &'v Json<'a>,
        arrived: i64,
        cells: &mut Cells<'v, 'a>,
        into: &mut Rows,
        tally: &mut Tally,
    ) {
        cells.clear();
        cells.extend(self.columns.iter().map(|column| column.path.as_ref()?.find(row)));
        if self.taken.is_some() {
            let mut search = Search { mapper: self, cells, at: 0, tally };
            search.infer(row, &mut String::new(), 0);
        }
        if cells.iter().all(Option::is_none) {
            return tally.count(Trouble::NoFields, || None);
        }
        let mut is_new = false;
        for (column, value) in self.columns.iter_mut().zip(cells.iter()) {
            is_new |= value.is_some_and(|value| column.learn(value));
        }
        if is_new {
            self.layout = None;
        }
        let layout = self.layout();
        let columns = &self.columns;
        into.add(&layout, columns, arrived, |values| {
            let known = columns.iter().zip(cells.iter()).filter(|(column, _)| column.kind.is_some());
            let pushed = values.iter_mut().zip(known).map(|(values, (column, cell))| {
                values.push(*cell).unwrap_or_else(|bytes| {
                    tally.count(Trouble::WrongType, || Some(column.name.clone()));
                    bytes
                })
            });
            pushed.sum()
        });
    }

    fn layout(&mut self) -> Rc<Layout> {
        let columns = &self.columns;
        let has_arrival = *self.has_arrival.get_or_insert_with(|| match self.arrival {
            ArrivalTime::Arrival => true,
            ArrivalTime::None => false,
            ArrivalTime::Auto => !columns.iter().any(|column| column.kind == Some(column::Kind::Time)),
        });
        self.layout.get_or_insert_with(|| Rc::new(Layout::of(has_arrival, columns))).clone()
    }
}

/// Looks for what a row has beside the query's fields.
struct Search<'s, 'v, 'a> {
    mapper: &'s mut Mapper,
    cells: &'s mut Cells<'v, 'a>,
    /// Where the next value is if this row is like the one before it.
    at: usize,
    tally: &'s mut Tally,
}

impl<'v, 'a> Search<'_, 'v, 'a> {
    fn infer(&mut self, value: &'v Json<'a>, name: &mut String, depth: usize) {
        let length = name.len();
        let mut inside = |search: &mut Self, key: &str, value: &'v Json<'a>| {
            if length > 0 {
                name.push('.');
            }
            name.push_str(key);
            search.infer(value, name, depth + 1);
            name.truncate(length);
        };
        match value {
            Json::Map(entries) if depth < DEEPEST => {
                for (key, value) in entries {
                    inside(self, key, value);
                }
            }
            // A row that is an array has places for names.
            Json::List(items) if depth == 0 => {
                for (place, value) in items.iter().enumerate().take(MOST_FIELDS) {
                    inside(self, &place.to_string(), value);
                }
            }
            Json::Null => {}
            value if depth == 0 => self.put(ALONE, value),
            value => self.put(name, value),
        }
    }

    fn put(&mut self, name: &str, value: &'v Json<'a>) {
        let columns = &mut self.mapper.columns;
        let is_here = |column: &Column| column.path.is_none() && column.name == name;
        let place = match columns.get(self.at) {
            Some(column) if is_here(column) => Some(self.at),
            _ => columns.iter().position(is_here),
        };
        let place = match place {
            Some(place) => place,
            None if self.mapper.taken.iter().flatten().any(|taken| taken == name) => return,
            None if name.len() > LONGEST_NAME => {
                return self.tally.count(Trouble::LongName, || Some(name.to_owned()));
            }
            None if columns.len() >= MOST_FIELDS => {
                return self.tally.count(Trouble::TooManyFields, || Some(name.to_owned()));
            }
            None => {
                columns.push(Column::inferred(name));
                self.cells.push(None);
                columns.len() - 1
            }
        };
        if let Some(cell) = self.cells.get_mut(place) {
            *cell = Some(value);
        }
        self.at = place + 1;
    }
}
