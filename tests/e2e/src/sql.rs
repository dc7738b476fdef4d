//! What tests ask a SQL data source: tables, their first value, their error, their health.

use crate::host::Host;
use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use serde_json::{Value, json};
use wellhead_frame::JsonOptions;
use wellhead_runtime::{DataQuery, DataResponse, HealthStatus, Piece, QueryDataRequest};

/// The model of a query for a table.
pub fn table(sql: &str) -> Value {
    json!({"rawSql": sql, "format": "table"})
}

/// Asks for a table.
pub async fn ask(host: &Host, sql: &str) -> Result<DataResponse> {
    host.ask(&[table(sql)], 0, 60_000).await?.pop().context("an answer")
}

/// The one value of a table's first row.
pub async fn value(host: &Host, sql: &str) -> Result<Value> {
    let answer = ask(host, sql).await?;
    ensure!(answer.error.is_none(), "{:?}", answer.error);
    let frame = answer.frames.first().context("a frame")?;
    let json: Value = serde_json::from_slice(&frame.to_json(&JsonOptions::default())?)?;
    Ok(json.pointer("/data/values/0/0").cloned().unwrap_or_default())
}

/// The message of a query's error, be it the plugin's or the host's.
pub async fn error(host: &Host, sql: &str) -> Result<String> {
    match ask(host, sql).await {
        Ok(answer) => Ok(answer.error.with_context(|| format!("{sql}: an error"))?.message),
        Err(error) => Ok(format!("{error:#}")),
    }
}

/// Whether the data source is well, and the sentence about it.
pub async fn health(host: &Host) -> Result<(bool, String)> {
    let health = host.runtime().client().check_health(host.context()).await?;
    Ok((health.status == HealthStatus::Ok, health.message))
}

/// A table that was read piece by piece and not kept.
#[derive(Debug, Default)]
pub struct Streamed {
    /// All of its rows.
    pub rows: usize,
    /// The rows of its largest piece.
    pub largest: usize,
}

/// Reads a table piece by piece.
pub async fn stream(host: &Host, sql: &str) -> Result<Streamed> {
    let query = DataQuery { ref_id: "A".to_owned(), model: table(sql).to_string(), ..DataQuery::default() };
    let request = QueryDataRequest { queries: vec![query] };
    let reply = host.runtime().client().query_data(host.context(), request).await?;
    if let Some(error) = reply.ready.into_iter().find_map(|response| response.error) {
        anyhow::bail!("{error:?}");
    }
    let mut pieces = reply.rest.context("pieces")?;
    let mut streamed = Streamed::default();
    while let Some(piece) = pieces.next().await {
        match piece? {
            Piece::Batch { batch, .. } => {
                streamed.rows += batch.num_rows();
                streamed.largest = streamed.largest.max(batch.num_rows());
            }
            Piece::Done(response) => ensure!(response.error.is_none(), "{:?}", response.error),
            Piece::Begin { .. } => {}
        }
    }
    Ok(streamed)
}
