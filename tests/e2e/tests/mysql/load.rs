//! Many queries at a time, and large ones.

use crate::{CONNECTIONS, address, host, server};
use anyhow::Result;
use serde_json::json;
use wellhead_e2e::server::{most, until};
use wellhead_e2e::sql::{Streamed, stream, value};

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_queries_at_a_time_share_a_few_connections_and_all_are_answered() -> Result<()> {
    let server = server(&[])?;
    let host = host(&address(&server), json!({"maxOpenConns": 4})).await?;
    let queries = futures::future::join_all((0..64).map(|n| {
        let (host, sql) = (&host, format!("SELECT IF(SLEEP(0.02) = 0, {n}, -1) AS n"));
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
    let server = server(&[])?;
    let host = host(&address(&server), json!({"rowLimit": ROWS})).await?;
    let sql = format!("SELECT NOW() AS t, seq * 1e0 AS v, seq AS i, CONCAT('row ', seq) AS s FROM seq_1_to_{ROWS}");
    let Streamed { rows, largest } = stream(&host, &sql).await?;
    assert_eq!(rows, ROWS);
    assert!(largest < ROWS / 10, "{largest}");
    Ok(())
}
