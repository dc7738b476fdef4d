//! A query that runs: its statements one after the other on one session, the rows of those that have any as one table.
//!
//! So `SET …; SELECT …` works, and a procedure may have several results. The session goes back to the pool where the
//! server has said its last word and nothing is left in it of what ran: where something may be, it is renewed first, and
//! what cannot be renewed is closed.

use crate::cancel::Running;
use crate::error;
use crate::footprint::Footprint;
use crate::plan::Plan;
use crate::protocol::End;
use crate::rows::{Batch, Rows};
use crate::server::Lease;
use crate::session::{Answer, Form};
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use futures::stream::{self, Stream};
use serde_json::Value;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use wellhead_sdk::Error;
use wellhead_sql::Statement;

/// What runs, and on what.
pub(crate) struct Script {
    session: Lease,
    statements: VecDeque<Statement>,
    parameters: Vec<Value>,
    /// How long the server lets a statement run.
    timeout: Duration,
    /// The statement that runs: dropped before its end, it is killed.
    running: Option<Running>,
    /// Those of the result that is being read.
    rows: Option<Rows>,
    /// The same statement has another result to come.
    more: Option<(Statement, Form)>,
    /// The columns of the first result that has any: the others must have the same.
    columns: Option<Rc<[Plan]>>,
    /// What the statements may leave in the session.
    footprint: Footprint,
}

impl Script {
    pub(crate) fn new(
        mut session: Lease,
        statements: VecDeque<Statement>,
        parameters: Vec<Value>,
        timeout: Duration,
    ) -> Result<Self, Error> {
        if !parameters.is_empty() && statements.len() != 1 {
            return Err(Error::bad_request("query.params: only a query of one statement can have parameters"));
        }
        session.mark_busy();
        let dialect = session.dialect();
        let footprint = statements.iter().map(|statement| Footprint::of(dialect, statement.text())).max();
        let footprint = footprint.unwrap_or(Footprint::Nothing);
        let (running, rows, more, columns) = (None, None, None, None);
        Ok(Self { session, statements, parameters, timeout, running, rows, more, columns, footprint })
    }

    /// Runs up to the first result that has rows to give; the schema of those. `None` where there is none.
    pub(crate) async fn begin(&mut self) -> Result<Option<SchemaRef>, Error> {
        // What does more than read may also see more: the warnings of the reads before it. Where the server cannot reset a
        // session, it does.
        if self.footprint != Footprint::Nothing && self.session.is_used() {
            self.session.renew().await?;
        }
        let has_rows = self.advance().await?;
        Ok(self.columns.as_ref().filter(|_| has_rows).map(|columns| Plan::schema(columns)))
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

    /// The next rows, column by column; `None` when all was read.
    pub(crate) async fn next(&mut self) -> Result<Option<Batch>, Error> {
        loop {
            if let Some(rows) = &mut self.rows
                && let Some(batch) = rows.next(&mut self.session).await?
            {
                return Ok(Some(batch));
            }
            if !self.advance().await? {
                return Ok(None);
            }
        }
    }

    /// Goes on to the next result that has rows to give.
    async fn advance(&mut self) -> Result<bool, Error> {
        loop {
            if let Some(rows) = self.rows.take() {
                let (statement, form, end) = rows.into_end();
                self.heed(end);
                self.more = end.more.then_some((statement, form));
            }
            let (statement, answer) = match self.more.take() {
                Some((statement, form)) => {
                    let answer = self.session.answer(form).await?;
                    let answer = answer.map_err(|error| error::of_statement(&statement, &error))?;
                    (statement, answer)
                }
                None => {
                    let Some(statement) = self.statements.pop_front() else {
                        self.clear_up().await;
                        return Ok(false);
                    };
                    self.run_next();
                    let answer = self.session.run(&statement, &self.parameters, self.timeout).await?;
                    (statement, answer)
                }
            };
            match answer {
                Answer::Done(end, form) => {
                    self.heed(end);
                    self.more = end.more.then_some((statement, form));
                }
                Answer::Rows(columns, form) => {
                    let first = self.columns.get_or_insert_with(|| Rc::clone(&columns));
                    if !first.iter().map(|plan| plan.column_type).eq(columns.iter().map(|plan| plan.column_type)) {
                        return Err(Error::bad_request(
                            "the statements of the query have rows of different columns: they cannot become one table",
                        ));
                    }
                    self.rows = Some(Rows::new(statement, columns, form));
                    return Ok(true);
                }
            }
        }
    }

    /// Where the server does not commit by itself, a plain read begins a transaction.
    fn heed(&mut self, end: End) {
        if end.in_transaction {
            self.footprint = self.footprint.max(Footprint::Session);
        }
    }

    /// After the last statement's end. Of a failure nobody need know: the session is closed then.
    async fn clear_up(&mut self) {
        if let Some(running) = &mut self.running {
            running.over();
        }
        if self.footprint == Footprint::Session && self.session.renew().await.is_ok_and(|is_new| is_new) {
            self.footprint = Footprint::Nothing;
        }
    }

    /// From here on, what is dropped is killed.
    fn run_next(&mut self) {
        if let Some(mut before) = self.running.replace(Running::on(&mut self.session)) {
            before.over();
        }
    }
}

/// Where the server has said its last word, there is nothing to kill, and another query can have the session if nothing
/// is left in it.
impl Drop for Script {
    fn drop(&mut self) {
        if !self.session.is_idle() {
            return;
        }
        if let Some(running) = &mut self.running {
            running.over();
        }
        if self.footprint == Footprint::Nothing {
            self.session.mark_ready();
        }
    }
}
