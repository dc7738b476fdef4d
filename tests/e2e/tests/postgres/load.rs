//! Many queries at a time, and large ones.

use crate::{CONNECTIONS, host};
use anyhow::Result;
use serde_json::json;
use wellhead_e2e::server::{most, until};
use wellhead_e2e::sql::{Streamed, stream, value};
use wellhead_test_servers::PostgreSql;

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_queries_at_a_time_share_a_few_connections_and_all_are_answered() -> Result<()> {
    let server = PostgreSql::start()?;
    let host = host(&server, json!({"maxOpenConns": 4})).await?;
    let queries = futures::future::join_all((0..64).map(|n| {
        let (host, sql) = (&host, format!("SELECT {n} AS n FROM pg_sleep(0.02)"));
        async move { value(host, &sql).await }
    }));
    let (most, answers) = most(|| Ok(server.ask(CONNECTIONS)?.parse()?), queries).await?;
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer?, n);
    }
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
    let Streamed { rows, largest } = stream(&host, &sql).await?;
    assert_eq!(rows, ROWS);
    assert!(largest < ROWS / 10, "{largest}");
    Ok(())
}
