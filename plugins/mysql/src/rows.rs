//! A result's rows as they arrive, in batches of columns.

use crate::decode::text::LONGEST;
use crate::decode::{Column, Malformed};
use crate::error;
use crate::plan::Plan;
use crate::protocol::{End, Reader, header, malformed};
use crate::session::{Form, Row, Session};
use arrow_array::ArrayRef;
use std::rc::Rc;
use wellhead_sdk::Error;
use wellhead_sql::Statement;

/// Rows at which a batch is full.
const BATCH_ROWS: usize = 16_384;
/// Bytes at which it is, too: about what one piece of an answer is best to have. Counted is what the server sent, or what
/// the values take here at least: of a null it sends a bit.
const BATCH_BYTES: usize = 1 << 20;
const VALUE_BYTES: usize = 8;
/// The bits of the first two columns are another use's.
const NULL_BITS_OFFSET: usize = 2;

/// The rows of one result.
pub(crate) struct Rows {
    statement: Statement,
    plans: Rc<[Plan]>,
    columns: Vec<Column>,
    form: Form,
    end: Option<End>,
}

/// Rows, column by column, and their number.
pub(crate) type Batch = (usize, Vec<ArrayRef>);

impl Rows {
    pub(crate) fn new(statement: Statement, plans: Rc<[Plan]>, form: Form) -> Self {
        let columns = plans.iter().map(|plan| Column::new(plan.column_type)).collect();
        Self { statement, plans, columns, form, end: None }
    }

    /// The next rows; `None` at the end.
    pub(crate) async fn next(&mut self, session: &mut Session) -> Result<Option<Batch>, Error> {
        let (mut rows, mut bytes) = (0, 0);
        while self.end.is_none() && rows < BATCH_ROWS && bytes < BATCH_BYTES {
            match session.row().await? {
                Ok(Row::Values(row)) => {
                    rows += 1;
                    bytes += row.len().max(self.columns.len() * VALUE_BYTES);
                    match self.form {
                        Form::Binary => self.push_binary(row)?,
                        Form::Text => self.push_text(row)?,
                    }
                }
                Ok(Row::End(end)) => self.end = Some(end),
                Err(error) => return Err(error::of_statement(&self.statement, &error)),
            }
        }
        Ok((rows > 0).then(|| (rows, self.columns.iter_mut().map(Column::take).collect())))
    }

    /// What it takes to go on after their end.
    pub(crate) fn into_end(self) -> (Statement, Form, End) {
        (self.statement, self.form, self.end.unwrap_or_default())
    }

    fn push_binary(&mut self, row: &[u8]) -> Result<(), Error> {
        let mut reader = Reader::new(row);
        let mut text_bytes = 0;
        let nulls = (self.columns.len() + NULL_BITS_OFFSET).div_ceil(8);
        let head = reader.u8().filter(|first| *first == header::OK).and_then(|_| reader.bytes(nulls));
        let nulls = head.ok_or_else(|| malformed("a row without its nulls"))?;
        for (number, (column, plan)) in self.columns.iter_mut().zip(self.plans.iter()).enumerate() {
            let bit = number + NULL_BITS_OFFSET;
            let is_null = nulls.get(bit / 8).is_some_and(|bits| bits & 1 << (bit % 8) != 0);
            let before = column.text_bytes();
            let pushed = if is_null { column.push_null() } else { column.push_binary(&mut reader) };
            pushed.map_err(|error| of_column(plan, &error))?;
            text_bytes = within(text_bytes, column.text_bytes() - before)?;
        }
        all_read(&reader)
    }

    fn push_text(&mut self, row: &[u8]) -> Result<(), Error> {
        let mut reader = Reader::new(row);
        let mut text_bytes = 0;
        for (column, plan) in self.columns.iter_mut().zip(self.plans.iter()) {
            let value = reader.nullable_text().ok_or_else(|| malformed("a row that is cut short"))?;
            let before = column.text_bytes();
            let pushed = match value {
                Some(value) => column.push_text(value),
                None => column.push_null(),
            };
            pushed.map_err(|error| of_column(plan, &error))?;
            text_bytes = within(text_bytes, column.text_bytes() - before)?;
        }
        all_read(&reader)
    }
}

fn of_column(plan: &Plan, error: &Malformed) -> Error {
    Error::downstream(format_args!("column {:?}: {error}", plan.name))
}

/// What a row's texts have so far, with one more.
fn within(before: usize, more: usize) -> Result<usize, Error> {
    let bytes = before + more;
    if bytes > LONGEST {
        return Err(Error::downstream(format_args!(
            "a row has more than {} MiB as text, which is the most: ask for fewer columns, or for less of them",
            LONGEST >> 20
        )));
    }
    Ok(bytes)
}

fn all_read(reader: &Reader<'_>) -> Result<(), Error> {
    match reader.left() {
        0 => Ok(()),
        left => Err(malformed(format_args!("a row with {left} bytes more than its columns"))),
    }
}
