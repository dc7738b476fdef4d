//! A query that runs: its statements one after the other on one session, the rows of those that have any as one table.
//!
//! Grafana's plugin does the same, so that `SET …; SELECT …` works. The connection is free for others once all was read;
//! else it is thrown away.

use crate::parameter::Parameter;
use crate::rows::Rows;
use crate::session::Session;
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
    session: Session,
    statements: VecDeque<Statement>,
    parameters: Vec<Parameter>,
    /// How long the server lets a statement run.
    timeout: Duration,
    /// Those of the statement that runs.
    rows: Option<Rows>,
    /// The columns of the first statement that has any: the others must have the same.
    columns: Option<Rc<[Plan]>>,
}

impl Script {
    pub(crate) fn new(
        session: Session,
        statements: VecDeque<Statement>,
        parameters: Vec<Parameter>,
        timeout: Duration,
    ) -> Result<Self, Error> {
        if !parameters.is_empty() && statements.len() != 1 {
            let what = "query.params: only a query of one statement can have parameters";
            return Err(Error::bad_request(what));
        }
        Ok(Self { session, statements, parameters, timeout, rows: None, columns: None })
    }

    /// Runs up to the first statement that has rows to give; the schema of those. `None` where no statement has.
    pub(crate) async fn begin(&mut self) -> Result<Option<SchemaRef>, Error> {
        Ok(self.advance().await?.map(|prepared| prepared.schema()))
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
            let stream = self.session.run(&statement, &prepared, &self.parameters).await?;
            let mut rows = Rows::new(stream, statement, prepared.clone(), self.session.canceller());
            if prepared.columns.is_empty() {
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
}
