//! Tables: rows go out as they come, in bounded memory however many there are. Only the beginning is held back, so that a
//! small answer is one frame, with its notice in its meta as Grafana has it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use futures::stream::{self, Stream, StreamExt};
use wellhead_sdk::frame::{Frame, FrameMeta};
use wellhead_sdk::{Error, FrameStream, QueryResult};

use super::AnswerOptions;
use super::columns::Plan;

/// What is held back: a row limit up to this is known before the first row leaves. Below what one answer may have at
/// once, and above what dashboards ask for.
const HELD_ROWS: usize = 10_000;
const HELD_BYTES: usize = 1 << 20;

pub(super) async fn table(
    options: AnswerOptions,
    schema: &Schema,
    rows: impl Stream<Item = Result<RecordBatch, Error>> + 'static,
) -> Result<QueryResult, Error> {
    let plan = Plan::new(&options, schema)?;
    let mut rows = Limited::new(rows, options.row_limit);
    let (mut held, mut held_rows, mut held_bytes) = (VecDeque::new(), 0, 0);
    while held_rows < HELD_ROWS && held_bytes < HELD_BYTES {
        let Some(batch) = rows.next().await.transpose()? else {
            return whole(&options, &plan, held.into(), rows.cut.get());
        };
        let batch = plan.convert(&batch)?;
        held_rows += batch.num_rows();
        held_bytes += batch.get_array_memory_size();
        held.push_back(batch);
    }

    let cut = rows.cut.clone();
    let parts = stream::unfold((plan, held, rows), |(plan, mut held, mut rows)| async move {
        let part = match held.pop_front() {
            Some(batch) => plan.frame(vec![batch]),
            None => match rows.next().await? {
                Ok(batch) => plan.convert(&batch).and_then(|batch| plan.frame(vec![batch])),
                Err(error) => Err(error),
            },
        };
        if part.is_err() {
            rows.end();
        }
        Some((part, (plan, held, rows)))
    });
    // The schema with its meta is out by then, so the notice comes in a frame of its own, and only where there is one.
    let mut noted = false;
    let notice = std::iter::from_fn(move || {
        let note = cut.get() && !std::mem::replace(&mut noted, true);
        note.then(|| {
            let meta = FrameMeta { executed_query_string: Some(options.executed.clone()), ..FrameMeta::default() };
            let mut frame = Frame::empty(options.frame_name());
            frame.set_meta(Some(meta.with_notice(options.limit_notice())))?;
            Ok(frame)
        })
    });
    Ok(QueryResult::empty().with_stream(FrameStream::new(parts)).with_stream(FrameStream::new(stream::iter(notice))))
}

/// The answer where all rows are there.
fn whole(options: &AnswerOptions, plan: &Plan, rows: Vec<RecordBatch>, cut: bool) -> Result<QueryResult, Error> {
    let mut frame = match rows.is_empty() {
        false => plan.frame(rows)?,
        // Grafana's `sqleng` shows no columns where there are no rows.
        true if options.classic() => Frame::empty(options.frame_name()),
        true => plan.empty(),
    };
    let meta = options.meta();
    frame.set_meta(Some(if cut { meta.with_notice(options.limit_notice()) } else { meta }))?;
    Ok(frame.into())
}

type Rows = Pin<Box<dyn Stream<Item = Result<RecordBatch, Error>>>>;

/// Batches with rows, up to a number of rows; then what they come from is dropped, so that the server stops.
pub(super) struct Limited {
    rows: Option<Rows>,
    left: usize,
    /// There were more.
    pub(super) cut: Rc<Cell<bool>>,
}

impl Limited {
    pub(super) fn new(rows: impl Stream<Item = Result<RecordBatch, Error>> + 'static, limit: usize) -> Self {
        Self { rows: Some(Box::pin(rows)), left: limit, cut: Rc::default() }
    }

    /// The next batch that has rows.
    pub(super) async fn next(&mut self) -> Option<Result<RecordBatch, Error>> {
        loop {
            let batch = match self.rows.as_mut()?.next().await {
                Some(Ok(batch)) if batch.num_rows() == 0 => continue,
                Some(Ok(batch)) => batch,
                end_or_error => {
                    self.end();
                    return end_or_error;
                }
            };
            let rows = batch.num_rows();
            if rows <= self.left {
                self.left -= rows;
                return Some(Ok(batch));
            }
            self.cut.set(true);
            self.end();
            return (self.left > 0).then(|| Ok(batch.slice(0, self.left)));
        }
    }

    /// No more rows are wanted.
    pub(super) fn end(&mut self) {
        self.rows = None;
    }
}
