//! JSONCompact in: from servers that know no Arrow, and of statements that cannot be described. Rows are read as they
//! come; how a value is read is left to [`cells`].

mod cells;
mod row;
mod scan;

pub(crate) use cells::is_utc;

use crate::exception::{Exception, TAIL};
use crate::kind::Kind;
use crate::running::Running;
use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};
use cells::Cells;
use row::Unread;
use scan::{Found, Scanner};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use wellhead_sdk::Error;
use wellhead_sdk::frame::FieldType;
use wellhead_sdk::http::Response;

/// Rows of a batch, and the bytes of text that end one earlier.
const BATCH_ROWS: usize = 8_192;
const BATCH_BYTES: usize = 1 << 20;
/// Columns of a result: as many as a frame may have.
const MAX_COLUMNS: usize = 10_000;

/// A column as `meta` names it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Meta {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) type_name: String,
}

/// A column: of its kind, only what reading JSON needs, as the kind itself may be large.
struct Column {
    meta: Meta,
    field_type: FieldType,
    /// Of times, the zone they are written in, where the type names one.
    times: Option<Option<String>>,
}

/// A whole answer, for questions of the plugin's own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Table {
    pub(crate) data: Vec<Vec<Value>>,
}

impl Table {
    pub(crate) fn parse(body: &[u8], sql: &str) -> Result<Self, Error> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        serde_json::from_slice(body).map_err(|error| broken(body, sql, &error.to_string()))
    }

    /// The texts of a column; what is none is left out.
    pub(crate) fn texts(&self, column: usize) -> impl Iterator<Item = &str> {
        self.data.iter().filter_map(move |row| row.get(column)?.as_str())
    }
}

/// Rows that come as JSON.
pub(crate) struct JsonRows {
    response: Response,
    running: Running,
    sql: String,
    scanner: Scanner,
    /// What is not read yet.
    buffer: Vec<u8>,
    columns: Vec<Column>,
    schema: SchemaRef,
    over: bool,
}

impl JsonRows {
    /// Reads up to the first row. An answer without a body has no columns.
    pub(crate) async fn begin(response: Response, running: Running, sql: &str) -> Result<Self, Error> {
        let mut rows = Self {
            response,
            running,
            sql: sql.to_owned(),
            scanner: Scanner::default(),
            buffer: Vec::new(),
            columns: Vec::new(),
            schema: Arc::new(Schema::empty()),
            over: false,
        };
        let head = loop {
            match rows.scanner.next(&rows.buffer) {
                Ok(Found::Meta(range)) => break rows.buffer.get(range).unwrap_or_default().to_vec(),
                Ok(Found::More) => {
                    if !rows.more().await? {
                        if rows.buffer.iter().all(u8::is_ascii_whitespace) {
                            rows.finish();
                            return Ok(rows);
                        }
                        return Err(rows.broken("it ends before its columns are named"));
                    }
                }
                Ok(Found::Row(_) | Found::End) => return Err(rows.broken("rows come before their columns")),
                Err(problem) => return Err(rows.fail(problem).await),
            }
        };
        let metas: Vec<Meta> = serde_json::from_slice(&head).map_err(|error| rows.broken(&error.to_string()))?;
        if metas.len() > MAX_COLUMNS {
            return Err(Error::downstream(format_args!(
                "the result has {} columns, and {MAX_COLUMNS} are allowed: select fewer",
                metas.len()
            )));
        }
        let mut fields = Vec::with_capacity(metas.len());
        for meta in metas {
            let (kind, nullable) = Kind::parse(&meta.type_name);
            // Not-a-number is null where the user may not ask for it.
            let nullable = nullable || matches!(kind, Kind::Plain(field_type) if field_type.tstype() == "number");
            let field_type = kind.field_type();
            fields.push(Field::new(&meta.name, field_type.arrow(), nullable));
            let times = if let Kind::DateTime(zone) = kind { Some(zone) } else { None };
            rows.columns.push(Column { meta, field_type, times });
        }
        rows.schema = Arc::new(Schema::new(fields));
        Ok(rows)
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The answer, for its headers.
    pub(crate) fn response(&self) -> &Response {
        &self.response
    }

    /// The first column of times that are written in a zone other than UTC: `None` where all of them can be read.
    pub(crate) fn zoned<'a>(&'a self, server: &'a str) -> Option<(&'a str, &'a str)> {
        self.columns.iter().find_map(|column| {
            let zone = column.times.as_ref()?.as_deref().unwrap_or(server);
            (!is_utc(zone)).then_some((column.meta.name.as_str(), zone))
        })
    }

    /// True where there is a column of times.
    pub(crate) fn has_times(&self) -> bool {
        self.columns.iter().any(|column| column.times.is_some())
    }

    /// The next rows.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        let mut cells: Vec<_> = self.columns.iter().map(|column| Cells::new(column.field_type)).collect();
        let (mut rows, mut bytes) = (0, 0);
        while !self.over && rows < BATCH_ROWS && bytes < BATCH_BYTES {
            match self.scanner.next(&self.buffer) {
                Ok(Found::Row(range)) => {
                    bytes += range.len();
                    rows += 1;
                    self.row(self.buffer.get(range).unwrap_or_default(), &mut cells)?;
                }
                // Rows that are there go out before others are waited for only where that is a batch's worth.
                Ok(Found::More) => {
                    if !self.more().await? {
                        return Err(self.broken("it ends among its rows"));
                    }
                }
                Ok(Found::End) => self.read_out().await?,
                Ok(Found::Meta(_)) => return Err(self.broken("its columns are named twice")),
                Err(problem) => return Err(self.fail(problem).await),
            }
        }
        if rows == 0 {
            return Ok(None);
        }
        let arrays = cells.into_iter().map(Cells::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays);
        batch.map(Some).map_err(|error| Error::downstream(format_args!("the server's rows: {error}")))
    }

    fn row(&self, row: &[u8], cells: &mut [Cells]) -> Result<(), Error> {
        // Bytes of a row that are no UTF-8 were so in a table.
        let text = String::from_utf8_lossy(row);
        row::read(&text, cells).map_err(|unread| match unread {
            Unread::Row(error) => self.broken(&error.to_string()),
            Unread::Value(column, value) => {
                let meta = self.columns.get(column).map(|column| &column.meta);
                let (name, of_type) = meta.map_or(("", ""), |meta| (meta.name.as_str(), meta.type_name.as_str()));
                Error::downstream(format_args!(
                    "column {name:?} of type {of_type} holds {value}, which is not read: convert it in the query, with \
                     toString()"
                ))
            }
        })
    }

    /// Reads on; false at the end. What has been scanned over is forgotten.
    async fn more(&mut self) -> Result<bool, Error> {
        self.scanner.forget(&mut self.buffer);
        match self.response.chunk().await {
            Ok(Some(chunk)) if self.buffer.is_empty() => self.buffer = chunk,
            Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk),
            Ok(None) => return Ok(false),
            Err(error) => {
                return Err(Exception::at_end(&self.buffer).map_or(error, |exception| exception.of(&self.sql)));
            }
        }
        Ok(true)
    }

    /// Behind the last row there are totals and statistics, or an exception.
    async fn read_out(&mut self) -> Result<(), Error> {
        while self.more().await? {
            let surplus = self.buffer.len().saturating_sub(TAIL);
            self.buffer.drain(..surplus);
        }
        if self.buffer.trim_ascii_end().last() != Some(&b'}') {
            return Err(self.broken("it has no end"));
        }
        self.finish();
        Ok(())
    }

    fn finish(&mut self) {
        self.over = true;
        self.running.over();
    }

    /// What stands where JSON should is an exception; its end may still be on its way.
    async fn fail(&mut self, problem: &'static str) -> Error {
        while self.buffer.len() < TAIL {
            match self.response.chunk().await {
                Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk),
                _ => break,
            }
        }
        self.broken(problem)
    }

    fn broken(&self, problem: &str) -> Error {
        broken(&self.buffer, &self.sql, problem)
    }
}

fn broken(body: &[u8], sql: &str, problem: &str) -> Error {
    match Exception::at_end(body) {
        Some(exception) => exception.of(sql),
        None => Error::downstream(format_args!("the server's answer cannot be read as JSONCompact: {problem}")),
    }
}
