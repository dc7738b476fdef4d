//! From record batches to Grafana's frames, by the rules of its `sqleng` (PostgreSQL, MySQL) and `sqlds` (ClickHouse).
//! Tables leave batch by batch as they come; a time series is gathered, within bounds, because it has to be turned.

mod columns;
mod convert;
mod series;
mod table;

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::stream::Stream;
use wellhead_sdk::frame::{Frame, FrameMeta, Notice, Severity, Stat};
use wellhead_sdk::{DataQuery, Error, ErrorSource, QueryResult, TimeRange};

use crate::{Dialect, Fill, Format, Page, SqlQuery, expand, page};

/// The most rows of an answer where nothing else is said: Grafana's `sql.row_limit`.
pub const DEFAULT_ROW_LIMIT: usize = 1_000_000;

/// What decides how rows become frames.
#[derive(Clone, Debug)]
pub struct AnswerOptions {
    /// Whose rules hold.
    pub dialect: Dialect,
    /// What the rows become.
    pub format: Format,
    /// The SQL as it was sent: `executedQueryString` in the frame's meta.
    pub executed: String,
    /// The query's name; frames of ClickHouse bear it.
    pub ref_id: String,
    /// How gaps are filled, from [`Expanded`](crate::Expanded).
    pub fill: Option<Fill>,
    /// The time asked for, which a fill covers.
    pub time_range: TimeRange,
    /// The most rows; what is above is left out, with a notice.
    pub row_limit: usize,
    /// Figures that the server gave, for the frame's meta.
    pub stats: Vec<Stat>,
}

impl AnswerOptions {
    /// Options of a query without fill.
    pub fn new(dialect: Dialect, format: Format, executed: impl Into<String>) -> Self {
        Self {
            dialect,
            format,
            executed: executed.into(),
            ref_id: String::new(),
            fill: None,
            time_range: TimeRange::default(),
            row_limit: DEFAULT_ROW_LIMIT,
            stats: Vec::new(),
        }
    }

    /// Options of a query: its macros expanded, its page cut out. `min_interval` is the data source's `timeInterval`.
    ///
    /// # Errors
    /// A macro that is wrong, a page of several statements: what [`failed`] makes the answer of.
    pub fn of_query(
        dialect: Dialect,
        query: &DataQuery<SqlQuery>,
        min_interval: Option<Duration>,
        row_limit: usize,
    ) -> Result<Self, Error> {
        let context = SqlQuery::macro_context(dialect, query, min_interval);
        let expanded = expand(dialect, &query.model.raw_sql, &context)?;
        let executed = match query.model.page {
            None => expanded.sql,
            Some(Page { limit, offset }) => page(dialect, &expanded.sql, limit, offset)
                .ok_or_else(|| Error::bad_request("query.page: only one statement has pages, not none or several"))?,
        };
        Ok(Self {
            ref_id: query.ref_id.clone(),
            fill: expanded.fill,
            time_range: query.time_range,
            row_limit,
            ..Self::new(dialect, query.model.format, executed)
        })
    }

    /// True for the rules of Grafana's `sqleng`, false for those of its `sqlds`.
    fn classic(&self) -> bool {
        self.dialect != Dialect::ClickHouse
    }

    fn frame_name(&self) -> &str {
        if self.classic() { "" } else { &self.ref_id }
    }

    fn meta(&self) -> FrameMeta {
        let visualisation = match self.format {
            Format::Logs => Some("logs"),
            Format::Traces => Some("trace"),
            Format::Table if !self.classic() => Some("table"),
            Format::TimeSeries if !self.classic() => Some("graph"),
            _ => None,
        };
        FrameMeta {
            executed_query_string: Some(self.executed.clone()),
            preferred_visualisation_type: visualisation.map(str::to_owned),
            stats: self.stats.clone(),
            ..FrameMeta::default()
        }
    }

    fn limit_notice(&self) -> Notice {
        let limit = self.row_limit;
        let text = format!("Results have been limited to {limit} because the SQL row limit was reached");
        Notice::new(Severity::Warning, text)
    }
}

/// The answer to a query: Grafana's frames of these rows.
///
/// The schema has Grafana's field types (see [`FieldType`](wellhead_sdk::frame::FieldType)), every batch is under it, and
/// names may be there twice. The stream holds what the rows come from, the connection too; it is dropped as soon as no
/// more rows are wanted.
///
/// ```
/// # use std::sync::Arc;
/// # use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
/// use wellhead_sql::{AnswerOptions, Dialect, Format, answer};
///
/// let columns: [(_, ArrayRef); 3] = [
///     ("time", Arc::new(Int64Array::from(vec![1_700_000_000, 1_700_000_000]))),
///     ("host", Arc::new(StringArray::from(vec!["a", "b"]))),
///     ("load", Arc::new(Float64Array::from(vec![0.5, 0.7]))),
/// ];
/// let batch = RecordBatch::try_from_iter(columns)?;
/// let options = AnswerOptions::new(Dialect::postgres(), Format::TimeSeries, "SELECT …");
/// let rows = futures::stream::iter([Ok(batch.clone())]);
/// # wellhead_sdk::testing::block_on(async {
/// let frames = answer(options, batch.schema(), rows).await.collect().await?;
/// assert_eq!(frames[0].field(1).map(|field| field.labels()["host"].as_str()), Some("a"));
/// # Ok::<(), wellhead_sdk::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A failure is the result's error, beside an empty frame that says what was executed.
pub async fn answer(
    options: AnswerOptions,
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch, Error>> + 'static,
) -> QueryResult {
    let executed = options.executed.clone();
    let answered = match options.format {
        Format::TimeSeries => series::series(&options, &schema, rows).await,
        Format::Table | Format::Logs | Format::Traces => table::table(options, &schema, rows).await,
    };
    answered.unwrap_or_else(|error| failed(&executed, error))
}

/// The answer to a query that failed: the error, and as Grafana has it an empty frame that says what was executed.
pub fn failed(executed: &str, error: Error) -> QueryResult {
    let mut frame = Frame::empty("");
    let meta = FrameMeta { executed_query_string: Some(executed.to_owned()), ..FrameMeta::default() };
    match frame.set_meta(Some(meta)) {
        Ok(()) => QueryResult::empty().with_frame(frame).with_error(error),
        Err(_) => QueryResult::empty().with_error(error),
    }
}

/// A result that the query's author has to change something about.
fn unfit(problem: impl std::fmt::Display) -> Error {
    Error::new(400, ErrorSource::Downstream, problem)
}

#[cfg(test)]
mod tests;
