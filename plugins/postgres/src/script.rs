//! A query that runs: its statements one after the other on one session, the rows of those that have any as one table.
//!
//! Grafana's plugin does the same, so that `SET …; SELECT …` works. The connection goes back to the pool where the server
//! has said its last word and nothing was left behind in the session; else it is closed.

use crate::parameter::Parameter;
use crate::plain::is_plain_read;
use crate::prepared::{Plan, Prepared};
use crate::rows::Rows;
use crate::server::Lease;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use futures::stream::{self, Stream};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use wellhead_sdk::Error;
use wellhead_sql::{Dialect, SqlError, SqlErrorKind, Statement};

/// The statements of a query.
///
/// # Errors
/// Where there is a NUL, at which the protocol ends a text: the server would not see the rest.
pub(crate) fn statements(dialect: Dialect, query: &str) -> Result<VecDeque<Statement>, Error> {
    if let Some(before) = query.find('\0').and_then(|at| query.get(..at)) {
        let problem = "the query has a NUL, which PostgreSQL has in no text: remove it";
        let place = before.chars().count() + 1;
        return Err(SqlError::new(SqlErrorKind::Query, problem).at_character(query, place).into());
    }
    Ok(Statement::all(dialect, query))
}

/// What runs, and on what.
pub(crate) struct Script {
    session: Lease,
    statements: VecDeque<Statement>,
    parameters: Vec<Parameter>,
    /// How long the server lets a statement run.
    timeout: Duration,
    /// Those of the statement that runs.
    rows: Option<Rows>,
    /// The columns of the first statement that has any: the others must have the same.
    columns: Option<Rc<[Plan]>>,
    /// A statement that is no plain read may have changed the session: `SET`, `BEGIN`, a temporary table, a lock.
    left_something: bool,
}

impl Script {
    pub(crate) fn new(
        mut session: Lease,
        statements: VecDeque<Statement>,
        parameters: Vec<Parameter>,
        timeout: Duration,
    ) -> Result<Self, Error> {
        if !parameters.is_empty() && statements.len() != 1 {
            let what = "query.params: only a query of one statement can have parameters";
            return Err(Error::bad_request(what));
        }
        session.mark_busy();
        Ok(Self { session, statements, parameters, timeout, rows: None, columns: None, left_something: false })
    }

    /// Runs up to the first statement that has rows to give; the schema of those. `None` where no statement has.
    pub(crate) async fn begin(&mut self) -> Result<Option<SchemaRef>, Error> {
        let begun = self.advance().await;
        self.finish_after(&begun);
        Ok(begun?.map(|prepared| prepared.schema()))
    }

    /// The next rows, column by column; `None` when all was read.
    pub(crate) async fn next(&mut self) -> Result<Option<(usize, Vec<ArrayRef>)>, Error> {
        let next = self.next_batch().await;
        self.finish_after(&next);
        next
    }

    /// The rows, batch by batch.
    pub(crate) fn batches(self, schema: SchemaRef) -> impl Stream<Item = Result<RecordBatch, Error>> {
        stream::try_unfold((self, schema), |(mut script, schema)| async move {
            let Some((rows, columns)) = script.next().await? else { return Ok(None) };
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options);
            Ok(Some((batch.map_err(Error::plugin)?, (script, schema))))
        })
    }

    async fn next_batch(&mut self) -> Result<Option<(usize, Vec<ArrayRef>)>, Error> {
        loop {
            if let Some(rows) = &mut self.rows {
                if let Some(batch) = rows.next().await {
                    return batch.map(Some);
                }
                self.rows = None;
            }
            if self.advance().await?.is_none() {
                return Ok(None);
            }
        }
    }

    /// Runs statements up to the next that has rows to give.
    async fn advance(&mut self) -> Result<Option<Prepared>, Error> {
        while let Some(statement) = self.statements.pop_front() {
            let (prepared, mut rows) = self.session.run(&statement, &self.parameters, self.timeout).await?;
            if prepared.columns.is_empty() {
                self.left_something = true;
                while let Some(batch) = rows.next().await {
                    batch?;
                }
                continue;
            }
            self.left_something |= !is_plain_read(statement.text());
            // Before anything can fail: what is not read to its end is cancelled, and its session with it.
            self.rows = Some(rows);
            let columns = self.columns.get_or_insert_with(|| Rc::clone(&prepared.columns));
            if !columns.iter().map(|plan| plan.kind).eq(prepared.columns.iter().map(|plan| plan.kind)) {
                return Err(Error::bad_request(
                    "the statements of the query have rows of different columns: they cannot become one table",
                ));
            }
            return Ok(Some(prepared));
        }
        Ok(None)
    }

    /// Gives the session back at the end, where another query can have it.
    fn finish_after<T>(&mut self, step: &Result<Option<T>, Error>) {
        let is_over = !matches!(step, Ok(Some(_))) && self.rows.as_ref().is_none_or(Rows::is_over);
        if is_over && !self.left_something {
            self.session.mark_ready();
        }
    }
}
