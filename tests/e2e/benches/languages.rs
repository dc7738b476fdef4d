//! What does it cost to write a plugin in another language than Rust? The examples that ask a JSON API, side by side: size of
//! the file, time to compile it for the first time, time until a data source's first answer once it is compiled, and a
//! query of one row, of which the guest's own part is told apart. A machine that does other things shows other figures; the
//! server is on loopback, and makes a connection a request.

#![expect(clippy::print_stdout, reason = "a bench prints what it found")]

use anyhow::{Context, Result};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wellhead_e2e::host::{Host, wasm};
use wellhead_e2e::stub::{Behaviour, Stub};
use wellhead_runtime::{DataSourceSettings, Runtime};

/// Queries that are timed, one after the other.
const QUERIES: u32 = 1_000;

#[tokio::main]
async fn main() -> Result<()> {
    let row: Arc<[u8]> = Arc::from(&br#"[{"name": "a", "value": 1.5}]"#[..]);
    let stub = Stub::start(Behaviour::Answer(200, row)).await?;
    println!(
        "{:<12}{:>10}{:>12}{:>16}{:>12}{:>14}",
        "", "MB", "compile, s", "first answer, ms", "query, µs", "guest, µs"
    );
    for (language, plugin) in
        [("Rust", "json_api_plugin"), ("JavaScript", "js_json_api"), ("Python", "python_json_api")]
    {
        let file = wasm(plugin)?;
        let size = file.metadata()?.len() as f64 / 1e6;
        let compile = compile(&file).await?;

        let settings = DataSourceSettings { url: stub.url(), ..DataSourceSettings::default() };
        let host = Host::start_with(&file, settings).await?;
        let begun = Instant::now();
        ask(&host).await?;
        let first = begun.elapsed();

        for _ in 0..QUERIES / 10 {
            ask(&host).await?;
        }
        let (begun, guest) = (Instant::now(), guest_seconds(&host)?);
        for _ in 0..QUERIES {
            ask(&host).await?;
        }
        let (whole, guest) = (begun.elapsed(), Duration::from_secs_f64(guest_seconds(&host)? - guest));
        let micros = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(QUERIES);
        println!(
            "{language:<12}{size:>10.1}{:>12.1}{:>16.1}{:>12.0}{:>14.0}",
            compile.as_secs_f64(),
            first.as_secs_f64() * 1e3,
            micros(whole),
            micros(guest)
        );
    }
    Ok(())
}

/// How long it takes to load a file that nobody has compiled before.
async fn compile(file: &Path) -> Result<Duration> {
    let runtime = Runtime::builder().build()?;
    let begun = Instant::now();
    runtime.load_file(file).await?;
    Ok(begun.elapsed())
}

async fn ask(host: &Host) -> Result<()> {
    let answer = host.ask(&[json!({"path": "row"})], 0, 1).await?.pop().context("an answer")?;
    anyhow::ensure!(answer.error.is_none(), "{:?}", answer.error);
    Ok(())
}

/// CPU that the host's guests have used.
fn guest_seconds(host: &Host) -> Result<f64> {
    let mut metrics = String::new();
    host.runtime().encode_metrics(&mut metrics);
    let line = metrics.lines().find(|line| line.starts_with("wellhead_plugin_guest_cpu_seconds_total{"));
    let value = line.and_then(|line| line.rsplit_once(' ')).context("the guest's CPU in the metrics")?;
    Ok(value.1.parse()?)
}
