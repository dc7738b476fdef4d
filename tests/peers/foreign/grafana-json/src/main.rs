//! The peer `grafana-plugin-sdk`: the frame encoder people use from Rust. A frame, built beforehand, as Grafana's JSON into
//! fresh memory; only that is timed, one frame at a time, on one thread. No plugin, no call, no socket.
//!
//! In its favour: through serde_json it formats floats as this project does, with zmij; its frames were built from what
//! they keep, so that nothing is converted.

mod frame;

use anyhow::{Context, Result, bail, ensure};
use frame::{mixed, series};
use grafana_plugin_sdk::data::Frame;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::hint::black_box;
use std::time::Instant;
use wellhead_frame::JsonOptions;
use wellhead_peer::{Answer, Call, Hello, Latencies, Order, Table, serve};

const NO_PLUGIN: &str = "it is a frame's JSON and no plugin";
/// Of the table whose cells are compared.
const FEW: usize = 1_000;

fn main() -> Result<()> {
    let cannot = ["health", "upstream", "queries", "sources", "first-answer", "reload", "idle"];
    let hello = Hello {
        name: "grafana-plugin-sdk, the JSON alone".to_owned(),
        built_from: "grafana-plugin-sdk 0.5, serde_json 1".to_owned(),
        cannot: cannot.map(|work| (work.to_owned(), NO_PLUGIN.to_owned())).into(),
    };
    let mut made = None;
    serve(&hello, |order| match order {
        Order::Calls { call: Call::Query { table, rows }, calls, in_flight, queries: 1, sources: 1 } => {
            let frame = match made.take() {
                Some(Made { of, frame }) if of == (table, rows) => frame,
                _ => build(table, rows)?,
            };
            let answer = encode(&frame, calls);
            made = Some(Made { of: (table, rows), frame });
            Ok(Answer { in_flight: (in_flight > 1).then_some(1), ..answer? })
        }
        _ => bail!(NO_PLUGIN),
    })
}

/// The frame of an earlier order.
struct Made {
    of: (Table, usize),
    frame: Frame,
}

fn encode(frame: &Frame, calls: usize) -> Result<Answer> {
    let (mut latencies, mut bytes) = (Latencies::with_capacity(calls), 0);
    let began = Instant::now();
    for _ in 0..calls {
        let began = Instant::now();
        let json = serde_json::to_vec(black_box(frame))?;
        latencies.add(began.elapsed());
        bytes += black_box(json).len() as u64;
    }
    Ok(Answer::of_calls(began.elapsed(), &latencies, bytes))
}

/// Builds a frame and sees that its JSON has its rows, and that a small one has the cells of this project's.
fn build(table: Table, rows: usize) -> Result<Frame> {
    let (frame, few, ours) = match table {
        Table::Series => (series(rows), series(FEW), wellhead_peer_table::series(FEW)?),
        Table::Mixed => (mixed(rows), mixed(FEW), wellhead_peer_table::mixed(FEW)?),
    };
    let theirs: Json<serde_json::Value> = serde_json::from_slice(&serde_json::to_vec(&few)?)?;
    let ours: Json<serde_json::Value> = serde_json::from_slice(&ours.to_json(&JsonOptions::default())?)?;
    ensure!(theirs.data.values == ours.data.values, "the cells of {table:?} are not those of this project's frame");
    let counted: Json<IgnoredAny> = serde_json::from_slice(&serde_json::to_vec(&frame)?)?;
    let first = counted.data.values.first().context("a frame without a column")?.len();
    ensure!(first == rows, "{first} rows came instead of {rows}");
    Ok(frame)
}

#[derive(Deserialize)]
struct Json<T> {
    data: Data<T>,
}

#[derive(Deserialize)]
struct Data<T> {
    values: Vec<Vec<T>>,
}
