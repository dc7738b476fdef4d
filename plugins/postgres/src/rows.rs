//! A statement's rows as they arrive, in batches of columns. Whoever drops them before their end has the statement
//! cancelled at the server, and its connection thrown away.

use crate::decode::Column;
use crate::error;
use crate::session::Canceller;
use crate::statement::{Prepared, Statement};
use arrow_array::ArrayRef;
use futures::StreamExt;
use std::pin::Pin;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Row, RowStream};
use wellhead_sdk::Error;

/// Rows at which a batch is full.
const BATCH_ROWS: usize = 16_384;
/// Bytes, as the server sent them, at which it is, too: about what one piece of an answer is best to have.
const BATCH_BYTES: usize = 1 << 20;

/// The rows of one statement.
pub(crate) struct Rows {
    stream: Pin<Box<RowStream>>,
    statement: Statement,
    prepared: Prepared,
    columns: Vec<Column>,
    /// There until the server has said its last word.
    canceller: Option<Canceller>,
}

impl Rows {
    pub(crate) fn new(stream: RowStream, statement: Statement, prepared: Prepared, canceller: Canceller) -> Self {
        let columns = prepared.columns.iter().map(|plan| Column::new(plan.kind)).collect();
        Self { stream: Box::pin(stream), statement, prepared, columns, canceller: Some(canceller) }
    }

    /// The next rows, column by column; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<(usize, Vec<ArrayRef>), Error>> {
        self.canceller.as_ref()?;
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
                    // The statement is over, and said so.
                    self.canceller = None;
                    return Some(Err(error::of_statement(&self.statement, &error)));
                }
                None => {
                    self.canceller = None;
                    break;
                }
            }
        }
        (rows > 0).then(|| Ok((rows, self.columns.iter_mut().map(Column::take).collect())))
    }

    /// Whether all was read, so that the connection is free for others.
    pub(crate) fn is_at_end(&self) -> bool {
        self.canceller.is_none()
    }

    fn push(&mut self, row: &Row) -> Result<(), Error> {
        for (number, (column, plan)) in self.columns.iter_mut().zip(self.prepared.columns.iter()).enumerate() {
            let raw = row.try_get::<_, Option<Raw<'_>>>(number).map_err(Error::downstream)?;
            let pushed = column.push(raw.map(|raw| raw.0));
            pushed.map_err(|error| Error::downstream(format_args!("column {:?}: {error}", plan.name)))?;
        }
        Ok(())
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if let Some(canceller) = self.canceller.take() {
            canceller.send();
        }
    }
}

/// A value as the server sent it.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
