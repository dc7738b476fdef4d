//! What the sandbox costs a large SQL query: a million rows of four columns (a time, a float, an integer, a text), from
//! the server to Arrow record batches in the host.
//!
//! Each database has a module, whose head says what the peer is. Both read the same table of the same server in turns;
//! the medians are compared. Not measured: TLS, and what HTTP adds on the way to a client. `-- mysql` runs that one alone.

#![expect(clippy::print_stdout, reason = "what a bench is for")]

mod clickhouse;
mod mysql;
mod postgres;
mod turns;

use anyhow::Result;

#[tokio::main]
async fn main() -> Result<()> {
    // Cargo adds options of its own.
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_meant = |name: &str| named.is_empty() || named.iter().any(|named| named == name);
    if is_meant("postgres") {
        postgres::compare().await?;
    }
    if is_meant("mysql") {
        mysql::compare().await?;
    }
    if is_meant("clickhouse") {
        clickhouse::compare().await?;
    }
    Ok(())
}
