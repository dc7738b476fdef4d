//! A query's rows, however they come.

use crate::arrow::ArrowRows;
use crate::exception::{self, code};
use crate::json::JsonRows;
use crate::progress;
use crate::server::{Begun, Server};
use crate::statement::{describe, is_select};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::stream::{self, Stream};
use std::rc::Rc;
use wellhead_sdk::frame::Stat;
use wellhead_sdk::{Error, ErrorSource, RequestContext};
use wellhead_sql::SqlErrorKind;

/// Rows on their way.
pub(crate) struct Rows {
    form: Form,
    stats: Vec<Stat>,
}

enum Form {
    Arrow(ArrowRows),
    Json(JsonRows),
}

impl Rows {
    /// Asks, and reads as far as the columns are known.
    pub(crate) async fn begin(
        server: &Rc<Server>,
        ctx: &RequestContext,
        sql: &str,
        params: &[(String, String)],
    ) -> Result<Self, Error> {
        let mut begun = server.begin(ctx, sql, params, is_select(sql)).await?;
        if begun.mode.arrow {
            let stats = progress::stats(begun.response.headers());
            let mut rows = ArrowRows::begin(begun.response, begun.running, sql).await?;
            if described(&mut rows, server, ctx, sql, params).await? {
                return Ok(Self { form: Form::Arrow(rows), stats });
            }
            // JSON names its types itself.
            drop(rows);
            begun = server.begin(ctx, sql, params, false).await?;
        }
        let Begun { response, running, mode } = begun;
        let stats = progress::stats(response.headers());
        let rows = JsonRows::begin(response, running, sql).await?;
        if rows.has_times() && !(mode.settings && mode.iso_times) {
            let zone = server.zone(ctx, rows.response()).await?;
            if let Some((column, zone)) = rows.zoned(&zone) {
                let what = format_args!(
                    "column {column:?} is in the time zone {zone}, which this server's JSON does not tell from UTC: \
                     select toTimeZone({column}, 'UTC'), or let the user change settings"
                );
                return Err(Error::new(400, ErrorSource::Downstream, what));
            }
        }
        Ok(Self { form: Form::Json(rows), stats })
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        match &self.form {
            Form::Arrow(rows) => rows.schema().clone(),
            Form::Json(rows) => rows.schema().clone(),
        }
    }

    /// What the server has said of its work when they began.
    pub(crate) fn stats(&self) -> Vec<Stat> {
        self.stats.clone()
    }

    /// The rows, in batches. Dropped before its end, the query is killed.
    pub(crate) fn batches(self) -> impl Stream<Item = Result<RecordBatch, Error>> + 'static {
        stream::try_unfold(self.form, |mut rows| async move {
            let batch = match &mut rows {
                Form::Arrow(rows) => rows.next().await?,
                Form::Json(rows) => rows.next().await?,
            };
            Ok(batch.map(|batch| (batch, rows)))
        })
    }
}

/// Finds out the columns' types where Arrow leaves some open; false where the server runs such a text and does not
/// describe it. What else goes wrong is an error: types that are guessed would make numbers of times without a word.
async fn described(
    rows: &mut ArrowRows,
    server: &Rc<Server>,
    ctx: &RequestContext,
    sql: &str,
    params: &[(String, String)],
) -> Result<bool, Error> {
    let Some(column) = rows.ambiguous() else { return Ok(true) };
    match server.table(ctx, &describe(sql), params).await {
        Ok(table) => rows.describe(&table.texts(1).collect::<Vec<_>>()),
        Err(error) if error.status() == SqlErrorKind::Query.status() => Ok(false),
        Err(error) => Err(undescribed(error, column.name())),
    }
}

fn undescribed(error: Error, column: &str) -> Error {
    let cure = match exception::code_of(&error) {
        Some(code::TOO_MANY_SIMULTANEOUS_QUERIES) => {
            "; let the user run two queries at a time (max_concurrent_queries_for_user), or convert the column in the query: \
             toDateTime64(…, 0), toDate32(…), toInt64(…) and toString(…) come as what they are"
        }
        _ => "",
    };
    let what =
        format_args!("asking for the type of column {column:?}, which Arrow does not tell: {}{cure}", error.message());
    let said = Error::new(error.status(), error.error_source(), what);
    match error.details() {
        Some(details) => said.with_details(details.clone()),
        None => said,
    }
}
