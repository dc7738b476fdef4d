//! What the sandbox costs a large SQL query: a million rows of four columns (a time, a float, an integer, a text), from
//! the server to Arrow record batches in the host.
//!
//! Each database has a module, whose head says what the peer is. Both read the same table of the same server in turns;
//! the medians are compared. Not measured: TLS, and what HTTP adds on the way to a client. `-- mysql` runs that one alone.
//! Every round of what was run goes to `target/bench-sql.json`, which `make bench-peers` takes over.

#![expect(clippy::print_stdout, reason = "what a bench is for")]

mod clickhouse;
mod mysql;
mod postgres;
mod turns;

use anyhow::{Context, Result};
use std::path::Path;

#[tokio::main]
async fn main() -> Result<()> {
    // Cargo adds options of its own.
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_meant = |name: &str| named.is_empty() || named.iter().any(|named| named == name);
    let mut compared = Vec::new();
    if is_meant("postgres") {
        compared.push(postgres::compare().await?);
    }
    if is_meant("mysql") {
        compared.push(mysql::compare().await?);
    }
    if is_meant("clickhouse") {
        compared.extend(clickhouse::compare().await?);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-sql.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&compared)?)
        .with_context(|| format!("cannot write {}", path.display()))
}
