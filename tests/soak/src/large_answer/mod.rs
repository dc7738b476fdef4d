//! Ten million rows of a real PostgreSQL as Arrow, through the real server: what the answer takes of its memory while a
//! client reads it, and while one has stopped reading.
//!
//! The server is a process of its own, so that its memory is nobody else's. How fast it is, is the benches' business.

mod client;
mod server;

use crate::Report;
use crate::process::{forget_peak_of, peak_of, resident_of};
use crate::report::mib;
use anyhow::{Result, ensure};
use client::Answer;
use server::Server;
use std::time::{Duration, Instant};
use wellhead_test_servers::PostgreSql;

/// Rows of the answer: far more bytes than the server may take for it.
const ROWS: u64 = 10_000_000;
/// What an answer may add to the server's resident memory.
const MOST: u64 = 300 << 20;
/// Between two looks at a state that is waited for.
const POLL: Duration = Duration::from_millis(50);
/// How long a state may take to come about: above the 30 s after which the server gives up a client that takes no byte.
const PATIENCE: Duration = Duration::from_secs(120);

/// Statements of the plugin that run.
const RUNNING: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wellhead' AND state = 'active'";

/// Runs it. Takes a minute or two.
///
/// # Errors
/// Where it could not be run to its end.
pub async fn run() -> Result<Report> {
    let database = PostgreSql::start()?;
    let of = "SELECT now() AS t, n::float8 AS v, n::int8 AS i, 'row ' || n AS s";
    database.ask(&format!("CREATE TABLE large AS {of} FROM generate_series(1, {ROWS}) AS n"))?;
    let server = Server::start(database.port(), ROWS)?;
    // The plugin is compiled and has its instance before what is idle is measured.
    ensure!(Answer::ask(&server, "SELECT 1 AS one").await?.drain().await?.rows == 1, "the first query failed");
    let idle = settled(&server).await?;
    let mut report = Report::new(format!("an answer of {ROWS} rows, as Arrow over HTTP"));
    report.row("resident memory of the server, idle", "", mib(idle));

    forget_peak_of(server.process())?;
    let began = Instant::now();
    let read = Answer::ask(&server, "SELECT * FROM large").await?.drain().await?;
    let took = began.elapsed();
    let seen = format!("{}, {} in {:.1} s", read.rows, mib(read.bytes), took.as_secs_f64());
    report.promise("rows that a client has read", &ROWS.to_string(), seen, read.rows == ROWS);
    let most = format!("< {} above idle", mib(MOST));
    let peak = peak_of(server.process())?.saturating_sub(idle);
    report.promise("the server's peak meanwhile", &most, format!("{} above idle", mib(peak)), peak < MOST);

    forget_peak_of(server.process())?;
    let mut stopped = Answer::ask(&server, "SELECT * FROM large").await?;
    ensure!(stopped.begins().await?, "the answer ended before its first byte");
    let running = eventually(|| Ok(database.ask(RUNNING)? == "0")).await?;
    let peak = peak_of(server.process())?.saturating_sub(idle);
    report.promise("its peak for a client that stops reading", &most, format!("{} above idle", mib(peak)), peak < MOST);
    let seen = if running { "ended" } else { "still runs" };
    report.promise("that client's query, once it is given up", "ended", seen, running);
    drop(stopped);
    let again = Answer::ask(&server, "SELECT 1 AS one").await?.drain().await?.rows;
    report.promise("rows of the next query", "1", again.to_string(), again == 1);
    Ok(report)
}

/// What is resident once that does not fall any more: freed memory goes back to the system with a delay.
async fn settled(server: &Server) -> Result<u64> {
    let mut least = u64::MAX;
    for _ in 0..40 {
        least = least.min(resident_of(server.process())?);
        tokio::time::sleep(POLL).await;
    }
    Ok(least)
}

/// Waits until `holds`; false where it never does.
async fn eventually(mut holds: impl FnMut() -> Result<bool>) -> Result<bool> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if holds()? {
            return Ok(true);
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(false)
}
