//! Many queries at a time, and large ones.

use crate::{CONNECTIONS, host, table, until};
use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wellhead_runtime::{DataQuery, Piece, QueryDataRequest};
use wellhead_test_servers::PostgreSql;

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_queries_at_a_time_share_a_few_connections_and_all_are_answered() -> Result<()> {
    let server = PostgreSql::start()?;
    let host = host(&server, json!({"maxOpenConns": 4})).await?;
    let most = AtomicU64::new(0);
    let watch = async {
        loop {
            most.fetch_max(server.ask(CONNECTIONS)?.parse()?, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let queries = futures::future::join_all((0..64).map(|n| {
        let (host, sql) = (&host, format!("SELECT {n} AS n FROM pg_sleep(0.02)"));
        async move { crate::value(host, &sql).await }
    }));
    let answers = tokio::select! {
        watched = watch => { let watched: Result<()> = watched; watched?; Vec::new() }
        answers = queries => answers,
    };
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer?, n);
    }
    let most = most.into_inner();
    assert!((1..=4).contains(&most), "{most}");
    until(&server, CONNECTIONS, &most.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_table_comes_piece_by_piece_and_whole() -> Result<()> {
    const ROWS: usize = 2_000_000;
    let server = PostgreSql::start()?;
    let host = host(&server, json!({"rowLimit": ROWS})).await?;
    let sql =
        format!("SELECT now() AS t, n::float8 AS v, n AS i, 'row ' || n AS s FROM generate_series(1, {ROWS}) AS n");
    let query = DataQuery { ref_id: "A".to_owned(), model: table(&sql).to_string(), ..DataQuery::default() };
    let request = QueryDataRequest { queries: vec![query] };
    let reply = host.runtime().client().query_data(host.context(), request).await?;
    let mut pieces = reply.rest.context("pieces")?;
    let (mut rows, mut largest) = (0, 0);
    while let Some(piece) = pieces.next().await {
        match piece? {
            Piece::Batch { batch, .. } => {
                rows += batch.num_rows();
                largest = largest.max(batch.num_rows());
            }
            Piece::Done(response) => ensure!(response.error.is_none(), "{:?}", response.error),
            Piece::Begin { .. } => {}
        }
    }
    assert_eq!(rows, ROWS);
    assert!(largest < ROWS / 10, "{largest}");
    Ok(())
}
