//! What one call of a peer asks of a plugin through wellhead-runtime's plugin client.
//!
//! An answer is here when its record batches are, validated: an embedder needs no other bytes. Nobody writes them again.

use anyhow::{Context, Result, anyhow, bail, ensure};
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use wellhead_peer::{Call, Table};
use wellhead_peer_table::{mixed, series};
use wellhead_runtime::{
    DataQuery, DataResponse, DataSourceSettings, HealthStatus, Piece, PluginClient, PluginContext, QueryDataRequest,
};

/// The id of the plugin in `tests/peers/guest`.
pub const PLUGIN: &str = "wellhead-peer-datasource";

/// An empty table: the least that is a query.
pub const EMPTY: Call = Call::Query { table: Table::Series, rows: 0 };

/// What one call asks, ready to be asked again and again.
#[derive(Clone, Debug)]
pub enum Ask {
    /// A health check.
    Health,
    /// One request.
    Query {
        /// Its queries, all for the same.
        request: QueryDataRequest,
        /// Rows that all answers have together.
        rows: usize,
        /// Bytes that they have as Arrow IPC.
        bytes: u64,
    },
}

impl Ask {
    /// What an order's call means here.
    ///
    /// # Errors
    /// Where the table cannot be built.
    pub fn of(call: &Call, queries: usize) -> Result<Self> {
        let (rows, bytes) = match call {
            Call::Health => return Ok(Self::Health),
            Call::Query { table, rows } => (*rows, frame_bytes(*table, *rows)?),
            Call::Upstream { .. } => (1, frame_bytes(Table::Series, 1)?),
        };
        let queries = queries.max(1);
        let model = model(call);
        let query = |number| DataQuery {
            ref_id: format!("Q{number}"),
            interval_ms: 1,
            model: model.clone(),
            ..DataQuery::default()
        };
        let request = QueryDataRequest { queries: (0..queries).map(query).collect() };
        Ok(Self::Query { request, rows: rows * queries, bytes: bytes * queries as u64 })
    }

    /// Asks it of a data source, to the last row; how many bytes of frames there were.
    ///
    /// # Errors
    /// Where it was not answered, or not well.
    pub async fn of_source(&self, client: &PluginClient, context: PluginContext) -> Result<u64> {
        match self {
            Self::Health => {
                let health = client.check_health(context).await?;
                ensure!(health.status == HealthStatus::Ok, "it is not well: {}", health.message);
                Ok(0)
            }
            Self::Query { request, rows, bytes } => {
                let reply = client.query_data(context, request.clone()).await?;
                let mut answers = reply.ready;
                // Kept to the end, as whoever asked for a frame has it then.
                let mut batches = Vec::new();
                if let Some(mut rest) = reply.rest {
                    while let Some(piece) = rest.next().await {
                        match piece? {
                            Piece::Begin { .. } => {}
                            Piece::Batch { batch, .. } => batches.push(batch),
                            Piece::Done(response) => answers.push(response),
                        }
                    }
                }
                ensure!(answers.len() == request.queries.len(), "{} answers", answers.len());
                let streamed: usize = batches.iter().map(|batch| batch.num_rows()).sum();
                let came =
                    answers.iter().try_fold(streamed, |sum, answer| Ok::<_, anyhow::Error>(sum + rows_of(answer)?));
                ensure!(came? == *rows, "other rows than were asked for");
                Ok(*bytes)
            }
        }
    }
}

fn rows_of(answer: &DataResponse) -> Result<usize> {
    match &answer.error {
        Some(error) => bail!("query {}: {}", answer.ref_id, error.message),
        None => Ok(answer.frames.iter().map(|frame| frame.num_rows()).sum()),
    }
}

fn frame_bytes(table: Table, rows: usize) -> Result<u64> {
    let frame = match table {
        Table::Series => series(rows),
        Table::Mixed => mixed(rows),
    };
    let bytes = frame.and_then(|frame| frame.to_ipc_stream()).map_err(|error| anyhow!("no table: {error}"))?;
    Ok(bytes.len() as u64)
}

/// The plugin's query model for a call.
pub fn model(call: &Call) -> String {
    let table = |table: &Table| match table {
        Table::Series => "series",
        Table::Mixed => "mixed",
    };
    match call {
        Call::Query { table: asked, rows } => format!(r#"{{"table":"{}","rows":{rows}}}"#, table(asked)),
        Call::Health | Call::Upstream { .. } => r#"{"table":"upstream"}"#.to_owned(),
    }
}

/// The context of calls of a plugin's data source with this number.
#[must_use]
pub fn context(plugin_id: &str, number: usize, url: &str) -> PluginContext {
    let source = DataSourceSettings {
        id: number as i64,
        uid: uid(number),
        org_id: 1,
        plugin_id: plugin_id.to_owned(),
        url: url.to_owned(),
        version: 1,
        ..DataSourceSettings::default()
    };
    PluginContext { timeout: Some(PATIENCE), ..PluginContext::for_data_source(Arc::new(source)) }
}

/// Of the data source with this number.
#[must_use]
pub fn uid(number: usize) -> String {
    format!("source-{number}")
}

/// How long one call may take: longer than a million rows do on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// One of `contexts`, by turns.
///
/// # Errors
/// Where there are none.
pub fn in_turn(contexts: &[PluginContext], number: usize) -> Result<PluginContext> {
    contexts.get(number % contexts.len().max(1)).cloned().context("no data source")
}
