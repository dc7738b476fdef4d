//! Embeds Wellhead: loads one plugin from a `.wasm` file and prints the rows of a query while they come.
//!
//! `cargo run --release -p embed -- target/plugins/testdata.wasm`
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use anyhow::Context;
use arrow_cast::display::array_value_to_string;
use futures::TryStreamExt;
use serde_json::json;
use std::{pin::pin, time::Duration};
use wellhead::{DataSource, MemoryStore, QueryRequest, Wellhead};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let plugin = std::env::args().nth(1).context("usage: embed PLUGIN.wasm, such as target/plugins/testdata.wasm")?;
    let demo = DataSource::new("demo", "Demo", "testdata");
    let wellhead = Wellhead::builder().plugin_file(plugin).store(MemoryStore::new([demo])?).build().await?;

    let walk = json!({"refId": "A", "scenarioId": "random_walk", "seed": 7, "maxDataPoints": 10});
    let request = QueryRequest::over("now-1h", "now")?.query("demo", walk)?;
    let mut rows = pin!(wellhead.query_stream(request).await?);
    while let Some(rows) = rows.try_next().await? {
        for row in 0..rows.batch.num_rows() {
            let cells = rows.batch.columns().iter().map(|column| array_value_to_string(column, row));
            println!("{} {}", rows.ref_id, cells.collect::<Result<Vec<_>, _>>()?.join(" "));
        }
    }
    wellhead.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
