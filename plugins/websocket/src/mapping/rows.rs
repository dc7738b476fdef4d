//! Rows that wait for their frame: bounded, the oldest given up first. Rows of one schema make one frame, or several
//! where they are many.

use super::column::{Column, Values};
use arrow_array::RecordBatch;
use arrow_array::{ArrayRef, TimestampNanosecondArray};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use wellhead_sdk::Error;
use wellhead_sdk::frame::{Column as FrameColumn, Field, Frame, SchemaRef};

/// One frame's bytes, about: hosts take 4 MiB at once.
const FRAME_BYTES: usize = 2 << 20;
/// What may wait in one channel, and in all of a data source, in bytes.
pub(crate) const CHANNEL_BYTES: usize = 8 << 20;
const INSTANCE_BYTES: usize = 64 << 20;

/// What a column takes beside its values, about: so that rows of which each has other fields are bounded as well.
const COLUMN_BYTES: usize = 512;

/// What the field of arrival times is called.
const ARRIVAL: &str = "time";

/// The fields of frames, as long as they do not change.
#[derive(Debug)]
pub(crate) struct Layout {
    has_arrival: bool,
    names: Vec<String>,
    /// The one schema of all frames of this layout, once there is one: readers tell by it that nothing has changed.
    schema: OnceCell<SchemaRef>,
}

impl Layout {
    /// The fields of columns whose type is known.
    pub(crate) fn of(has_arrival: bool, columns: &[Column]) -> Self {
        let known = columns.iter().filter(|column| column.kind.is_some());
        Self { has_arrival, names: known.map(|column| column.name.clone()).collect(), schema: OnceCell::new() }
    }

    fn frame(&self, columns: Vec<ArrayRef>) -> Result<Frame, Error> {
        if let Some(schema) = self.schema.get() {
            let batch = RecordBatch::try_new(schema.clone(), columns);
            let batch = batch.map_err(|error| Error::plugin(format_args!("building a frame: {error}")))?;
            return Ok(Frame::try_new(schema.clone(), vec![batch])?);
        }
        let mut columns = columns.into_iter();
        let mut builder = Frame::builder("");
        if self.has_arrival
            && let Some(times) = columns.next()
        {
            builder = builder.column(Field::new(ARRIVAL), times);
        }
        for (name, column) in self.names.iter().zip(columns) {
            builder = builder.column(Field::new(name), FrameColumn::from(column).nullable());
        }
        let frame = builder.build()?;
        let _ = self.schema.set(frame.schema().clone());
        Ok(frame)
    }
}

/// Rows of one layout.
#[derive(Debug)]
struct Chunk {
    layout: Rc<Layout>,
    arrivals: Vec<i64>,
    values: Vec<Values>,
    rows: usize,
    bytes: usize,
}

impl Chunk {
    fn into_frame(self) -> Result<Frame, Error> {
        let arrivals =
            self.layout.has_arrival.then(|| Arc::new(TimestampNanosecondArray::from(self.arrivals)) as ArrayRef);
        let columns = arrivals.into_iter().chain(self.values.into_iter().map(Values::finish)).collect();
        self.layout.frame(columns)
    }
}

/// What all channels of a data source may keep, together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget(Rc<Cell<usize>>);

impl Budget {
    fn add(&self, bytes: usize) {
        self.0.set(self.0.get().saturating_add(bytes));
    }

    fn remove(&self, bytes: usize) {
        self.0.set(self.0.get().saturating_sub(bytes));
    }

    fn is_spent(&self) -> bool {
        self.0.get() > INSTANCE_BYTES
    }
}

/// The rows that wait, the oldest first.
#[derive(Debug)]
pub(crate) struct Rows {
    chunks: VecDeque<Chunk>,
    bytes: usize,
    dropped: u64,
    budget: Budget,
    /// The layout of the last frame.
    last: RefCell<Option<Rc<Layout>>>,
}

impl Rows {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { chunks: VecDeque::new(), bytes: 0, dropped: 0, budget, last: RefCell::new(None) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// How many frames the rows make.
    pub(crate) fn frames(&self) -> usize {
        self.chunks.len()
    }

    /// Adds a row: `push` puts its values into the columns that it is given and says what they take.
    pub(crate) fn add(
        &mut self,
        layout: &Rc<Layout>,
        columns: &[Column],
        arrived: i64,
        push: impl FnOnce(&mut [Values]) -> usize,
    ) {
        let fits = |chunk: &Chunk| Rc::ptr_eq(&chunk.layout, layout) && chunk.bytes < FRAME_BYTES;
        if !self.chunks.back().is_some_and(fits) {
            let values: Vec<_> = columns.iter().filter_map(Column::values).collect();
            let bytes = values.len().saturating_mul(COLUMN_BYTES);
            self.count(bytes);
            self.chunks.push_back(Chunk { layout: layout.clone(), arrivals: Vec::new(), values, rows: 0, bytes });
        }
        let Some(chunk) = self.chunks.back_mut() else { return };
        if layout.has_arrival {
            chunk.arrivals.push(arrived);
        }
        let bytes = push(&mut chunk.values) + size_of::<i64>();
        chunk.rows += 1;
        chunk.bytes += bytes;
        self.count(bytes);
        while self.chunks.len() > 1 && (self.bytes > CHANNEL_BYTES || self.budget.is_spent()) {
            if let Some(oldest) = self.pop() {
                self.dropped += oldest.rows as u64;
            }
        }
    }

    fn count(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.budget.add(bytes);
    }

    fn pop(&mut self) -> Option<Chunk> {
        let chunk = self.chunks.pop_front()?;
        self.bytes = self.bytes.saturating_sub(chunk.bytes);
        self.budget.remove(chunk.bytes);
        Some(chunk)
    }

    /// The next frame, and how many rows before it were dropped.
    pub(crate) fn next(&mut self) -> Option<(Result<Frame, Error>, u64)> {
        let chunk = self.pop()?;
        self.last.replace(Some(chunk.layout.clone()));
        Some((chunk.into_frame(), std::mem::take(&mut self.dropped)))
    }

    /// A frame like the last one, without rows.
    pub(crate) fn none(&self) -> Frame {
        let last = self.last.borrow();
        let schema = last.as_ref().and_then(|layout| layout.schema.get());
        schema.and_then(|schema| Frame::try_new(schema.clone(), Vec::new()).ok()).unwrap_or_else(|| Frame::empty(""))
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.budget.remove(self.bytes);
    }
}
