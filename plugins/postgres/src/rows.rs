//! A statement's rows as they arrive, in batches of columns. Dropped before their end, the statement is cancelled at the
//! server.

use crate::cancel::Running;
use crate::decode::{Column, Raw};
use crate::error;
use crate::prepared::{Plan, Prepared};
use arrow_array::ArrayRef;
use futures::StreamExt;
use std::pin::Pin;
use std::rc::Rc;
use tokio_postgres::{Row, RowStream};
use wellhead_sdk::Error;
use wellhead_sql::Statement;

/// Rows at which a batch is full.
const BATCH_ROWS: usize = 16_384;
/// Bytes, as the server sent them, at which it is, too: about what one piece of an answer is best to have.
const BATCH_BYTES: usize = 1 << 20;

/// The rows of one statement.
pub(crate) struct Rows {
    stream: Pin<Box<RowStream>>,
    statement: Statement,
    plans: Rc<[Plan]>,
    columns: Vec<Column>,
    running: Running,
}

impl Rows {
    pub(crate) fn new(stream: RowStream, statement: Statement, prepared: &Prepared, running: Running) -> Self {
        let columns = prepared.columns.iter().map(|plan| Column::new(plan.kind)).collect();
        Self { stream: Box::pin(stream), statement, plans: Rc::clone(&prepared.columns), columns, running }
    }

    /// The next rows, column by column; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<(usize, Vec<ArrayRef>), Error>> {
        if self.running.is_over() {
            return None;
        }
        let (mut rows, mut bytes) = (0, 0);
        while rows < BATCH_ROWS && bytes < BATCH_BYTES {
            match self.stream.next().await {
                Some(Ok(row)) => {
                    if let Err(error) = self.push(&row) {
                        return Some(Err(error));
                    }
                    rows += 1;
                    bytes += row.raw_size_bytes();
                }
                Some(Err(error)) => {
                    let cause = self.running.failed(&error);
                    return Some(Err(error::of_statement(&self.statement, &error, cause)));
                }
                None => {
                    self.running.over();
                    break;
                }
            }
        }
        (rows > 0).then(|| Ok((rows, self.columns.iter_mut().map(Column::take).collect())))
    }

    /// Whether the server has said its last word.
    pub(crate) fn is_over(&self) -> bool {
        self.running.is_over()
    }

    fn push(&mut self, row: &Row) -> Result<(), Error> {
        for (number, (column, plan)) in self.columns.iter_mut().zip(self.plans.iter()).enumerate() {
            let raw = row.try_get::<_, Option<Raw<'_>>>(number).map_err(Error::downstream)?;
            let pushed = column.push(raw.map(|raw| raw.0));
            pushed.map_err(|error| Error::downstream(format_args!("column {:?}: {error}", plan.name)))?;
        }
        Ok(())
    }
}
