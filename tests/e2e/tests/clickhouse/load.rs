//! Many queries at a time, and large ones.

use crate::{RUNNING, host, url};
use anyhow::Result;
use wellhead_e2e::server::{connections, most, until};
use wellhead_e2e::sql::{Streamed, stream, value};
use wellhead_test_servers::ClickHouse;

/// Connections that the host lets a data source have.
const MOST: u64 = 32;

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_queries_at_a_time_share_the_connections_and_all_are_answered() -> Result<()> {
    let server = ClickHouse::start()?;
    let host = host(&url(&server)).await?;
    let queries = futures::future::join_all((0..64).map(|n| {
        let (host, sql) = (&host, format!("SELECT {n} AS n FROM system.one WHERE sleep(0.05) = 0"));
        async move { value(host, &sql).await }
    }));
    let (most, answers) = most(|| connections(server.port()), queries).await?;
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer?, n);
    }
    assert!((2..=MOST).contains(&most), "{most}");
    until(&server, RUNNING, "0").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_table_comes_piece_by_piece_and_whole() -> Result<()> {
    const ROWS: usize = 1_000_000;
    let server = ClickHouse::start()?;
    let host = host(&url(&server)).await?;
    let sql = format!("SELECT number AS n, concat('row ', toString(number)) AS s FROM system.numbers LIMIT {ROWS}");
    let Streamed { rows, largest } = stream(&host, &sql).await?;
    assert_eq!(rows, ROWS);
    assert!(largest < ROWS / 10, "{largest}");
    Ok(())
}
