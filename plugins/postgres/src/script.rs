//! A query that runs: its statements one after the other on one session, the rows of those that have any as one table.
//!
//! Grafana's plugin does the same, so that `SET …; SELECT …` works. The connection goes back to the pool where the server
//! has said its last word and nothing was left behind in the session; else it is closed.

use crate::parameter::Parameter;
use crate::rows::Rows;
use crate::server::Lease;
use crate::statement::{Plan, Prepared, Statement};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use futures::stream::{self, Stream};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use wellhead_sdk::Error;

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
    /// A statement without rows may have changed the session: `SET`, `BEGIN`, a temporary table.
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
        if !matches!(begun, Ok(Some(_))) {
            self.finish();
        }
        Ok(begun?.map(|prepared| prepared.schema()))
    }

    /// The rows, batch by batch.
    pub(crate) fn batches(self, schema: SchemaRef) -> impl Stream<Item = Result<RecordBatch, Error>> {
        stream::try_unfold((self, schema), |(mut script, schema)| async move {
            let next = script.next().await;
            if !matches!(next, Ok(Some(_))) {
                script.finish();
            }
            let Some((rows, columns)) = next? else { return Ok(None) };
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options);
            Ok(Some((batch.map_err(Error::plugin)?, (script, schema))))
        })
    }

    async fn next(&mut self) -> Result<Option<(usize, Vec<ArrayRef>)>, Error> {
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
            let prepared = self.session.prepare(&statement, self.timeout).await?;
            let mut rows = self.session.run(&statement, &prepared, &self.parameters).await?;
            if prepared.columns.is_empty() {
                self.left_something = true;
                while let Some(batch) = rows.next().await {
                    batch?;
                }
                continue;
            }
            let columns = self.columns.get_or_insert_with(|| Rc::clone(&prepared.columns));
            if !columns.iter().map(|plan| plan.kind).eq(prepared.columns.iter().map(|plan| plan.kind)) {
                return Err(Error::bad_request(
                    "the statements of the query have rows of different columns: they cannot become one table",
                ));
            }
            self.rows = Some(rows);
            return Ok(Some(prepared));
        }
        Ok(None)
    }

    /// Gives the session back, where another query can have it.
    fn finish(&mut self) {
        if !self.left_something && self.rows.as_ref().is_none_or(Rows::is_over) {
            self.session.mark_ready();
        }
    }
}
