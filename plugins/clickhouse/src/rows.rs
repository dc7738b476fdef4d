//! A query's rows, however they come.

use crate::arrow::ArrowRows;
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
        let Begun { response, running, mode } = server.begin(ctx, sql, params, is_select(sql)).await?;
        let stats = progress::stats(response.headers());
        if mode.arrow {
            let mut rows = ArrowRows::begin(response, running, sql).await?;
            if rows.is_ambiguous() {
                let described = server.table(ctx, &describe(sql), params).await;
                // What cannot be described is read as Arrow has it.
                if let Ok(table) = described {
                    rows.describe(&table.texts(1).collect::<Vec<_>>())?;
                }
            }
            return Ok(Self { form: Form::Arrow(rows), stats });
        }
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
