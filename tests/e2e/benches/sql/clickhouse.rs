//! A current ClickHouse (chdb). The peer is the program `curl`, which asks for the same bytes and throws them away: its own
//! clock counts, so that its start does not. Both wait for the same engine, which makes the whole answer before it sends
//! any of it. Passed over, and said so, where chdb is not installed.

use crate::turns::{ROWS, in_turns_timed, read_sandboxed};
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};
use std::process::Command;
use std::time::Duration;
use tokio::task::block_in_place;
use wellhead_e2e::host::Host;
use wellhead_test_servers::Chdb;

const SQL: &str = "SELECT t, v, i, s FROM entries";
/// Arrow as the plugin asks for it, with a time limit.
const ASKED: &str = "default_format=ArrowStream&output_format_arrow_compression_method=none\
                     &output_format_arrow_string_as_string=1&output_format_arrow_low_cardinality_as_dictionary=0\
                     &max_execution_time=30";

pub(crate) async fn compare() -> Result<Option<Value>> {
    let Some(server) = Chdb::start()? else { return Ok(None) };
    server.ask(&format!(
        "CREATE TABLE entries ENGINE = Memory AS
         SELECT toDateTime64('2024-01-01 00:00:00', 3, 'UTC') + number AS t, randCanonical() AS v, toInt64(number) AS i,
         concat('row ', toString(number)) AS s FROM numbers({ROWS})"
    ))?;
    let url = format!("http://127.0.0.1:{}", server.port());
    let host = Host::start("clickhouse", url.clone(), Map::new()).await?;
    let peer = async || block_in_place(|| curl(&url));
    let compared = in_turns_timed(peer, async || read_sandboxed(&host, SQL).await).await?;
    Ok(Some(compared.print("ClickHouse", "curl to /dev/null", 1.2)))
}

/// How long curl takes for the answer.
fn curl(url: &str) -> Result<Duration> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--output", "/dev/null", "--write-out", "%{time_total}"]);
    curl.args(["--data-binary", SQL]).arg(format!("{url}/?{ASKED}"));
    let output = curl.output().context("curl cannot be run: install it")?;
    ensure!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr));
    Ok(Duration::from_secs_f64(String::from_utf8(output.stdout)?.trim().parse()?))
}
